#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "page/page.h"

namespace cambium::page {
namespace {

/// What has a column of its own, or says nothing to people.
bool is_hidden(const std::string& key) {
  static const std::set<std::string> kHidden = {"seed", "fingerprint", "source.cell", "generation"};
  return kHidden.count(key) != 0 || key.ends_with(".version");
}

Json value_of(const Field& value, const std::string& type) {
  if (type == "true" || type == "false") return type == "true";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* words = std::get_if<std::string>(&value)) return *words;
  return nullptr;
}

using Settings = std::map<std::string, Json>;

/// What each cell was told, by its 12 digits; and the keys in the study's order.
std::unordered_map<std::string, Settings> settings_of(const Facts& facts, std::vector<std::string>& keys) {
  std::unordered_map<std::string, Settings> settings;
  std::set<std::string> known;
  const std::vector<Field> where = {facts.study};
  for (const auto& row :
       facts.store.query("SELECT cell, key, value, type FROM parameters WHERE study = ?", where).rows) {
    const std::string key = text(row[1]);
    if (is_hidden(key)) continue;
    if (known.insert(key).second) keys.push_back(key);
    settings[text(row[0])][key] = value_of(row[2], text(row[3]));
  }
  return settings;
}

}  // namespace

Json cells_json(const Facts& facts) {
  std::vector<std::string> keys;
  const auto settings = settings_of(facts, keys);
  // What all cells have alike says nothing about one of them.
  Json common = Json::object();
  std::vector<std::string> differing;
  for (const std::string& key : keys) {
    const Json* first = nullptr;
    const bool alike = std::all_of(settings.begin(), settings.end(), [&](const auto& cell) {
      const auto found = cell.second.find(key);
      if (found == cell.second.end()) return false;
      if (first == nullptr) first = &found->second;
      return found->second == *first;
    });
    if (alike && first != nullptr)
      common[key] = *first;
    else
      differing.push_back(key);
  }
  Json rows = Json::array();
  for (const Cell& cell : facts.cells) {
    Json row = {cell.cell,
                cell.stage,
                cell.arm,
                cell.seed,
                cell.state,
                facts.shown(cell.value),
                cell.seconds ? Json(rounded(*cell.seconds)) : Json()};
    const auto own = settings.find(cell.cell);
    for (const std::string& key : differing) {
      const bool has = own != settings.end() && own->second.count(key) != 0;
      row.push_back(has ? own->second.at(key) : Json());
    }
    row.push_back(cell.error.empty() ? Json() : Json(cell.error));
    rows.push_back(std::move(row));
  }
  Json columns = {"cell", "stage", "arm", "seed", "state", facts.metric.title(), "seconds"};
  for (const std::string& key : differing) columns.push_back(key);
  columns.push_back("error");
  Json curves = Json::object();
  for (const Curve& curve : facts.curves.all) {
    Json points = Json::array();
    for (const auto& [step, value] : curve.points) points.push_back({step, value});
    curves[curve.cell][curve.metric] = std::move(points);
  }
  return {{"columns", columns}, {"rows", rows}, {"common", common}, {"curves", curves}, {"every", facts.curves.every}};
}

}  // namespace cambium::page
