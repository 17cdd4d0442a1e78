#include "plan/baseline.h"

#include <fmt/format.h>

#include <algorithm>

#include "cambium/schema.h"

namespace cambium {
namespace {

void add(std::vector<std::string>& names, const std::string& name) {
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void add(std::vector<std::string>& names, const Value* value) {
  if (value && value->is_table()) value = value->find("plugin");
  if (value && value->is_string()) add(names, value->string());
}

/// What arms may be called, as far as the study says: by itself or after its strategies.
struct DeclaredArms {
  std::vector<std::string> arms, strategies;
};

DeclaredArms declared_arms(const Study& study) {
  DeclaredArms names;
  const auto add_keys = [&](const std::vector<Axis::Key>& keys) {
    for (const Axis::Key& key : keys)
      if (key.name == "arm" || key.name == "strategy" || key.name == "strategy.plugin")
        for (const Value& value : key.values) add(key.name == "arm" ? names.arms : names.strategies, &value);
  };
  for (const Stage& stage : study.stages) {
    add(names.arms, stage.arm);
    add(names.strategies, stage.base.find("strategy"));
    for (const Axis& axis : stage.axes) add_keys(axis.keys);
    for (const Assignment& extra : stage.extras) add_keys(extra.keys);
  }
  return names;
}

}  // namespace

void check_baseline(const Study& study, const Plan& plan, const Description& plugins, Problems& problems) {
  if (study.baseline.empty()) return;
  std::vector<std::string> arms, doubtful;
  for (const Entry& entry : plan.entries) add(arms, entry.name);
  if (problems.has_errors()) {
    if (std::any_of(study.stages.begin(), study.stages.end(), [](const Stage& stage) { return stage.unsure; })) return;
    const DeclaredArms declared = declared_arms(study);
    for (const std::string& name : declared.arms) add(arms, name);
    for (const std::string& name : declared.strategies)
      add(std::any_of(plugins.plugins.begin(), plugins.plugins.end(),
                      [&](const PluginInfo& plugin) { return plugin.name == name; })
              ? arms
              : doubtful,
          name);
  }
  const auto named = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), study.baseline) != names.end();
  };
  if (arms.empty() || named(arms) || named(doubtful) || suggestion(study.baseline, doubtful)) return;
  const auto near = suggestion(study.baseline, arms);
  problems.error(study.baseline_place, fmt::format("no arm is called \"{}\"", study.baseline),
                 near ? fmt::format("did you mean \"{}\"?", *near)
                      : fmt::format("the arms are \"{}\"", fmt::join(arms, "\", \"")));
}

}  // namespace cambium
