#include "plan/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace cambium {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Value& value) {
  if (value.is_bool()) return std::get<bool>(value.data);
  if (value.is_integer()) return std::get<std::int64_t>(value.data);
  if (value.is_number()) return value.number();
  if (value.is_string()) return value.string();
  if (value.is_moment()) return canonical(value);
  Json json = value.is_array() ? Json::array() : Json::object();
  if (value.is_array())
    for (const Value& element : value.array()) json.push_back(to_json(element));
  else if (const Value* plugin = value.find("plugin"); plugin && value.table().size() == 1)
    return to_json(*plugin);
  else
    for (const Value::Member& member : value.table()) json[member.key] = to_json(member.value);
  return json;
}

/// A value for people: partial_finetuning(cut=3), 0.01, a text without its quotes.
std::string plain(const Value& value) {
  if (value.is_string()) return value.string();
  if (!value.is_table()) return canonical(value);
  const Value* head = value.find("plugin");
  if (!head) head = value.find("stage");
  if (!head) head = value.find("file");
  std::string rest;
  for (const Value::Member& member : value.table())
    if (&member.value != head) rest += (rest.empty() ? "" : ", ") + member.key + "=" + plain(member.value);
  if (!head) return rest;
  return rest.empty() ? plain(*head) : fmt::format("{}({})", plain(*head), rest);
}

std::string last_step(const std::string& key) { return key.substr(key.rfind('.') + 1); }

}  // namespace

std::string axes_json(const AxisValues& axes) {
  Json json = Json::object();
  for (const auto& [key, value] : axes) json[key] = to_json(*value);
  return json.dump();
}

std::string arm_label(const AxisValues& all, const AxisValues& factors, const std::string& name,
                      const std::string& strategy) {
  const AxisValues& axes = name.empty() ? all : factors;
  std::string label = name;
  const auto add = [&](const std::string& text) { label += (label.empty() ? "" : ", ") + text; };
  for (const auto& [key, value] : axes) {
    if (key == "strategy" || key == "strategy.plugin") {
      add(plain(*value));
      continue;
    }
    int alike = 0;
    for (const auto& [other, ignored] : axes) alike += last_step(other) == last_step(key);
    if (key == "init")
      add("from " + plain(*value));
    else if (key == "backbone" || key == "data" || key == "train")
      add(plain(*value));
    else
      add((alike > 1 ? key : last_step(key)) + "=" + plain(*value));
  }
  return label.empty() ? strategy : label;
}

std::string arm_name(const Stage& stage, const std::vector<int>& indices, const Assignment* extra) {
  std::string name = stage.arm;
  for (std::size_t a = 0; a < stage.axes.size(); ++a)
    for (const Axis::Key& key : stage.axes[a].keys)
      if (key.name == "arm" && indices[a] >= 0)
        name = key.values[std::size_t(indices[a])].is_string() ? key.values[std::size_t(indices[a])].string() : "";
  if (extra)
    for (const Axis::Key& key : extra->keys)
      if (key.name == "arm" && key.values.front().is_string()) name = key.values.front().string();
  return name;
}

AxisValues factors_of(const AxisValues& axes, const Stage& stage, const std::vector<int>& indices,
                      const Assignment* extra) {
  std::set<std::string> told = {"strategy", "strategy.plugin"};
  const auto add = [&](const std::vector<Axis::Key>& keys, bool by_strategy) {
    if (std::any_of(keys.begin(), keys.end(), [&](const Axis::Key& key) {
          return key.name == "arm" || (by_strategy && (key.name == "strategy" || key.name == "strategy.plugin"));
        }))
      for (const Axis::Key& key : keys) told.insert(key.name);
  };
  for (std::size_t a = 0; a < stage.axes.size(); ++a)
    if (indices[a] >= 0) add(stage.axes[a].keys, true);
  if (extra) add(extra->keys, false);
  AxisValues left;
  for (const auto& axis : axes)
    if (!told.count(axis.first)) left.push_back(axis);
  return left;
}

}  // namespace cambium
