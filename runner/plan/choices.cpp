#include "plan/choices.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cambium/schema.h"

namespace cambium {
namespace {

using Json = nlohmann::ordered_json;

/// The axes that cells of `stage` may have: its own, and those of other stages, which it may start from.
std::vector<std::string> axes_of(const Study& study, const Stage& stage) {
  std::vector<std::string> keys;
  for (const Stage& other : study.stages) {
    const std::string before = &other == &stage ? "" : other.name + ".";
    for (const Axis& axis : other.axes)
      for (const Axis::Key& key : axis.keys) keys.push_back(before + key.name);
    for (const Assignment& extra : other.extras)
      for (const Axis::Key& key : extra.keys) keys.push_back(before + key.name);
  }
  return keys;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_over(const std::optional<Select>& select, const std::string& key) {
  return select && std::any_of(select->over.begin(), select->over.end(), [&](const auto& k) { return k.name == key; });
}

void check_keys(const Study& study, const Stage& stage, Problems& problems) {
  const std::vector<std::string> axes = axes_of(study, stage);
  for (const Select::Key& key : stage.select->over) {
    if (contains(study.replicates, key.name)) {
      problems.error(key.place,
                     fmt::format("{} is repeated over, as seeds are: none of its values is chosen", key.name),
                     "take it out of over; means and differences are over all of them");
    } else if (key.name == "arm" || !contains(axes, key.name)) {
      const auto near = suggestion(key.name, axes);
      problems.error(key.place, fmt::format("stage {} has no axis {} to choose over", stage.name, key.name),
                     near           ? fmt::format("did you mean {}?", *near)
                     : axes.empty() ? fmt::format("give it one: [stage.{}.grid]", stage.name)
                                    : fmt::format("its axes are {}", fmt::join(axes, ", ")));
    }
  }
}

/// `json`, an object, without what is chosen over.
std::string without(const std::string& json, const Select& select) {
  Json axes = Json::parse(json);
  for (const Select::Key& key : select.over) axes.erase(key.name);
  return axes.dump();
}

void attach(const Stage& stage, std::size_t index, Plan& plan, Problems& problems) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> points;  // by arm and contest
  const Entry* last = nullptr;
  for (Entry& entry : plan.entries) {
    if (entry.stage != index) continue;
    if (last != nullptr && last->axes == entry.axes && last->factors == entry.factors) {
      entry.contest = last->contest;
      entry.common = last->common;
    } else {
      entry.contest = without(entry.axes, *stage.select);
      entry.common = without(entry.factors, *stage.select);
      points[{entry.name, entry.contest}].insert(entry.axes);
    }
    last = &entry;
    const Cell& cell = plan.cells[entry.cell];
    if (cell.dataset->per_class.count("validation") == 0)
      problems.error(stage.select->place,
                     fmt::format("stage {} chooses by {}, and its data from {} has no validation images", stage.name,
                                 stage.select->by, cell.data->component.plugin),
                     "hold some out of the training images: give the stage's data validation = 0.1");
  }
  const auto choice = [](const auto& contest) { return contest.second.size() > 1; };
  if (!problems.has_errors() && !points.empty() && std::none_of(points.begin(), points.end(), choice))
    problems.warning(stage.select->place,
                     fmt::format("each arm of stage {} has one point: there is nothing to choose", stage.name),
                     "name in over the axes that one arm has several values of");
}

/// "train.lr", and a strategy's rates: "strategy.backbone_rate"; and those of a source: "pretrain.train.lr".
bool is_training(const std::string& key) {
  const auto within = [&](const std::string& part) {
    const std::size_t at = key.rfind(part);
    return at != std::string::npos && (at == 0 || key[at - 1] == '.') &&
           (at + part.size() == key.size() || key[at + part.size()] == '.');
  };
  if (within("train")) return true;
  const std::size_t strategy = key.find("strategy.");
  return strategy != std::string::npos &&
         (key.find("rate", strategy + 9) != std::string::npos || key.find("decay", strategy + 9) != std::string::npos);
}

struct Spread {
  std::set<std::string> keys;  ///< settings of training that points of one arm differ in
  std::size_t most = 0;        ///< points of an arm
};

/// What arms of a stage differ in though nothing chooses: settings that are neither told by the arm's name nor chosen
/// over.
Spread unchosen(const Plan& plan, std::size_t index, const std::optional<Select>& select,
                const std::set<std::string>& candidates) {
  struct Points {
    std::map<std::string, Json> first;
    std::set<std::string> all;
  };
  std::map<std::string, Points> arms;
  Spread spread;
  for (const Entry& entry : plan.entries) {
    if (entry.stage != index) continue;
    Json left = Json::parse(entry.factors), told = Json::parse(entry.axes);
    std::map<std::string, Json> settings;
    for (const std::string& key : candidates)
      if (!is_over(select, key) && left.contains(key)) settings[key] = left[key];
    for (const auto& [key, value] : settings) told.erase(key);
    if (select)
      for (const Select::Key& key : select->over) told.erase(key.name);
    Points& points = arms[entry.name + "\n" + told.dump()];
    if (points.all.empty()) points.first = settings;
    points.all.insert(Json(settings).dump());
    spread.most = std::max(spread.most, points.all.size());
    for (const auto& [key, value] : settings)
      if (points.first[key] != value) spread.keys.insert(key);
  }
  return spread;
}

}  // namespace

void attach_choices(const Study& study, Plan& plan, Problems& problems) {
  for (std::size_t s = 0; s < study.stages.size(); ++s) {
    const Stage& stage = study.stages[s];
    if (!stage.select) continue;
    plan.choices[s] = stage.select->by;
    check_keys(study, stage, problems);
    attach(stage, s, plan, problems);
  }
}

void check_best_of(const Study& study, const Plan& plan, Problems& problems) {
  for (std::size_t s = 0; s < study.stages.size(); ++s) {
    const Stage& stage = study.stages[s];
    if (contains(stage.allow, "best-of-n")) continue;
    std::set<std::string> candidates;
    for (const std::string& key : axes_of(study, stage))
      if (is_training(key) && !is_over(stage.select, key)) candidates.insert(key);
    if (candidates.empty()) continue;
    const Spread spread = unchosen(plan, s, stage.select, candidates);
    if (spread.keys.empty()) continue;
    Place place = stage.place;
    for (const Axis& axis : stage.axes)
      for (const Axis::Key& key : axis.keys)
        if (spread.keys.count(key.name)) place = key.place;
    problems.warning(
        place,
        fmt::format("arms of stage {} have up to {} points that differ in {} alone, and nothing says how one is chosen",
                    stage.name, spread.most, fmt::join(spread.keys, ", ")),
        fmt::format("the best of them by test accuracy is no test: say [stage.{}.select] over = [\"{}\"], by = "
                    "\"val_accuracy\", with data.validation = 0.1; allow = [\"best-of-n\"] shows them all",
                    stage.name, fmt::join(spread.keys, "\", \"")));
  }
}

}  // namespace cambium
