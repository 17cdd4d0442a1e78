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
  problems_.error(built.known->place, failure.message, failure.hint);
}

void Facts::tell(const Point& point, const Failure& failure) {
  if (failure.part != "strategy") return fail(point.part(PartKind::Backbone), failure);
  const BuiltPart& train = point.part(PartKind::Train);
  for (const Value::Member& member : train.table.table())
    if (failure.message.find("train." + member.key) != std::string::npos)
      return problems_.error(member.value.place, failure.message, failure.hint);
  fail(point.part(PartKind::Strategy), failure);
}

void Facts::ask(const std::vector<Point>& points, const std::vector<Point>& flawed) {
  std::vector<const Point*> all;
  for (const auto* some : {&points, &flawed})
    for (const Point& point : *some) all.push_back(&point);
  ask_datasets(all);
  for (const Point& point : points) {
    const auto facts = dataset(point);
    if (facts && point.part(PartKind::Train).part->settings.integer("epochs") > 0 &&
        trained_.insert(point.part(PartKind::Data).id).second)
      check_trained_classes(point.part(PartKind::Data), *facts, problems_);
  }
  ask_networks(points);
  ask_strategies(all);
}

void Facts::ask_datasets(const std::vector<const Point*>& points) {
  std::vector<const BuiltPart*> data;
  std::vector<DatasetRequest> requests;
  for (const Point* point : points) {
    const BuiltPart& part = point->part(PartKind::Data);
    if (!part.can_be_asked || !datasets_.emplace(part.id, nullptr).second) continue;
    data.push_back(&part);
    requests.push_back({part.known->component, data_root_.string()});
  }
  if (data.empty()) return;
  const auto answers = resolver_.datasets(requests);
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (answers[i].failure) {
      fail(*data[i], *answers[i].failure);
      continue;
    }
    if (!data[i]->part) continue;
    try {
      datasets_[data[i]->id] = std::make_shared<DatasetFacts>(selected(answers[i], data[i]->part->settings));
    } catch (const SelectionError& error) {
      problems_.error(place_of(*data[i], error.key()), error.message(), error.hint());
    }
    check_data(*data[i], answers[i], problems_);
  }
}

NetworkRequest Facts::request(const Point& point, const ImageShape& shape, std::int64_t classes,
                              std::int64_t epochs) const {
  return {point.part(PartKind::Backbone).part->component,
          point.part(PartKind::Strategy).part->component,
          shape,
          classes,
          epochs,
          data_root_.string()};
}

void Facts::ask_networks(const std::vector<Point>& points) {
  std::vector<const Point*> asked;
  std::vector<NetworkRequest> requests;
  for (const Point& point : points) {
    const auto facts = dataset(point);
    if (!facts || !networks_.emplace(key(point), nullptr).second) continue;
    const ImageShape shape = input_shape(point.part(PartKind::Data).part->settings, facts->shape);
    if (shape.height == 0) continue;  // told by check_data
    planned_.insert({point.part(PartKind::Backbone).id, point.part(PartKind::Strategy).id});
    asked.push_back(&point);
    requests.push_back(request(point, shape, std::int64_t(facts->classes.size()), std::get<3>(key(point))));
  }
  if (asked.empty()) return;
  const auto answers = resolver_.networks(requests);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (answers[i].failure) {
      tell(*asked[i], *answers[i].failure);
      continue;
    }
    networks_[key(*asked[i])] = std::make_shared<NetworkInfo>(answers[i]);
    check_classes(asked[i]->part(PartKind::Data), *dataset(*asked[i]), answers[i], problems_);
  }
}

/// A strategy can be held against a backbone, whatever the images and the epochs, where those have errors of their own.
void Facts::ask_strategies(const std::vector<const Point*>& points) {
  constexpr ImageShape kSomeShape{3, 64, 64};
  constexpr std::int64_t kSomeClasses = 10, kManyEpochs = 1000;
  std::vector<const Point*> asked;
  std::vector<NetworkRequest> requests;
  for (const Point* point : points) {
    const BuiltPart &backbone = point->part(PartKind::Backbone), &strategy = point->part(PartKind::Strategy);
    if (!backbone.part || !strategy.part || !planned_.insert({backbone.id, strategy.id}).second) continue;
    const auto& train = point->part(PartKind::Train).known;
    const bool told = train && train->settings.has("epochs");
    asked.push_back(point);
    requests.push_back(
        request(*point, kSomeShape, kSomeClasses, told ? train->settings.integer("epochs") : kManyEpochs));
  }
  if (asked.empty()) return;
  const auto answers = resolver_.networks(requests);
  for (std::size_t i = 0; i < asked.size(); ++i)
    if (answers[i].failure && answers[i].failure->part == "strategy" &&
        (requests[i].epochs != kManyEpochs || answers[i].failure->message.find("epoch") == std::string::npos))
      tell(*asked[i], *answers[i].failure);
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
