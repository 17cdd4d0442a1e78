#include "study/origin.h"

#include <algorithm>

namespace cambium {
namespace {

bool is_axis_table(const std::string& key) {
  return key == "grid" || key == "zip" || key == "extra" || key == "exclude";
}

/// The tables of [[stage.NAME.zip]]; a single one stands for a list of one.
std::vector<const Value*> tables(const Value& stage, const char* key) {
  std::vector<const Value*> result;
  const Value* value = stage.find(key);
  if (value == nullptr) return result;
  if (value->is_table()) result.push_back(value);
  if (value->is_array())
    for (const Value& element : value->array())
      if (element.is_table()) result.push_back(&element);
  return result;
}

void look_in(const std::string& name, const Value& stage, const std::string& key, std::vector<Origin>& found) {
  const Value* grid = stage.find("grid");
  if (grid != nullptr && grid->is_table())
    if (const Value* axis = grid->find(key)) found.push_back({name, "axis", canonical(*axis), axis->place});
  for (const Value* zip : tables(stage, "zip"))
    if (const Value* axis = zip->find(key)) found.push_back({name, "zipped axis", canonical(*axis), axis->place});
  if (!found.empty() && found.back().stage == name) return;  // an axis has the last word
  if (const Value* value = find_path(stage, key)) found.push_back({name, "", canonical(*value), value->place});
}

void collect(const std::string& prefix, const Value& table, std::vector<std::string>& keys) {
  for (const Value::Member& member : table.table()) {
    const std::string name = prefix.empty() ? member.key : prefix + "." + member.key;
    keys.push_back(name);
    if (member.value.is_table()) collect(name, member.value, keys);
  }
}

}  // namespace

std::vector<Origin> origins(const LoadedStudy& study, const std::string& key) {
  std::vector<Origin> found;
  if (const Value* stages = study.root.find("stage"); stages != nullptr && stages->is_table())
    for (const Value::Member& stage : stages->table()) {
      if (!stage.value.is_table()) continue;
      const std::string prefix = "stage." + stage.key + ".";
      if (key.rfind("stage.", 0) != 0)
        look_in(stage.key, stage.value, key, found);
      else if (key.rfind(prefix, 0) == 0)
        look_in(stage.key, stage.value, key.substr(prefix.size()), found);
    }
  if (!found.empty() || key.rfind("stage.", 0) == 0) return found;
  if (const Value* value = find_path(study.root, key)) found.push_back({"", "", canonical(*value), value->place});
  return found;
}

std::vector<std::string> given_keys(const LoadedStudy& study) {
  std::vector<std::string> keys;
  for (const Value::Member& member : study.root.table()) {
    if (!member.value.is_table()) continue;
    if (member.key != "stage") {
      collect(member.key, member.value, keys);
      continue;
    }
    for (const Value::Member& stage : member.value.table()) {
      if (!stage.value.is_table()) continue;
      for (const Value::Member& part : stage.value.table()) {
        if (is_axis_table(part.key)) continue;
        keys.push_back(part.key);
        if (part.value.is_table()) collect(part.key, part.value, keys);
      }
      if (const Value* grid = stage.value.find("grid"); grid != nullptr && grid->is_table())
        for (const Value::Member& axis : grid->table()) keys.push_back(axis.key);
      for (const Value* zip : tables(stage.value, "zip"))
        for (const Value::Member& axis : zip->table()) keys.push_back(axis.key);
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace cambium
