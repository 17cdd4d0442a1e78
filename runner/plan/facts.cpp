#include "plan/facts.h"

#include "plan/checks.h"
#include "protocol/selected.h"
#include "protocol/settings.h"

namespace cambium {

Facts::NetworkKey Facts::key(const Point& point) {
  return {point.part(PartKind::Backbone).id, point.part(PartKind::Strategy).id, point.part(PartKind::Data).id,
          point.part(PartKind::Train).part->settings.integer("epochs")};
}

void Facts::fail(const BuiltPart& built, const Failure& failure) {
  // A message that names a parameter is told where the study sets it.
  for (const Value::Member& member : built.table.table())
    if (member.key != "plugin" && failure.message.find(member.key + " ") != std::string::npos)
      return problems_.error(member.value.place, failure.message, failure.hint);
  problems_.error(built.part->place, failure.message, failure.hint);
}

void Facts::ask(const std::vector<Point>& points) {
  std::vector<const BuiltPart*> data;
  std::vector<DatasetRequest> data_requests;
  for (const Point& point : points) {
    const BuiltPart& part = point.part(PartKind::Data);
    if (!datasets_.emplace(part.id, nullptr).second) continue;
    data.push_back(&part);
    data_requests.push_back({part.part->component, data_root_.string()});
  }
  if (!data.empty()) {
    const auto answers = resolver_.datasets(data_requests);
    for (std::size_t i = 0; i < data.size(); ++i) {
      if (answers[i].failure) {
        fail(*data[i], *answers[i].failure);
        continue;
      }
      try {
        datasets_[data[i]->id] = std::make_shared<DatasetFacts>(selected(answers[i], data[i]->part->settings));
        check_data(*data[i], answers[i], problems_);
      } catch (const SelectionError& error) {
        problems_.error(place_of(*data[i], error.key()), error.message(), error.hint());
      }
    }
  }

  for (const Point& point : points) {
    const auto facts = dataset(point);
    if (facts && point.part(PartKind::Train).part->settings.integer("epochs") > 0 &&
        trained_.insert(point.part(PartKind::Data).id).second)
      check_trained_classes(point.part(PartKind::Data), *facts, problems_);
  }

  std::vector<const Point*> asked;
  std::vector<NetworkRequest> requests;
  for (const Point& point : points) {
    const auto facts = dataset(point);
    if (!facts || !networks_.emplace(key(point), nullptr).second) continue;
    const ImageShape shape = input_shape(point.part(PartKind::Data).part->settings, facts->shape);
    if (shape.height == 0) continue;  // told by check_data
    asked.push_back(&point);
    requests.push_back({point.part(PartKind::Backbone).part->component, point.part(PartKind::Strategy).part->component,
                        shape, std::int64_t(facts->classes.size()), std::get<3>(key(point)), data_root_.string()});
  }
  if (asked.empty()) return;
  const auto answers = resolver_.networks(requests);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!answers[i].failure) {
      networks_[key(*asked[i])] = std::make_shared<NetworkInfo>(answers[i]);
      check_classes(asked[i]->part(PartKind::Data), *dataset(*asked[i]), answers[i], problems_);
      continue;
    }
    fail(asked[i]->part(answers[i].failure->part == "strategy" ? PartKind::Strategy : PartKind::Backbone),
         *answers[i].failure);
  }
}

std::shared_ptr<const DatasetFacts> Facts::dataset(const Point& point) const {
  const auto found = datasets_.find(point.part(PartKind::Data).id);
  return found == datasets_.end() ? nullptr : found->second;
}

std::shared_ptr<const NetworkInfo> Facts::network(const Point& point) const {
  const auto found = networks_.find(key(point));
  return found == networks_.end() ? nullptr : found->second;
}

}  // namespace cambium
