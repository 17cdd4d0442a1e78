#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "page/figure.h"

namespace cambium::page {
namespace {

constexpr std::size_t kFewestKeys = 3, kFewestPoints = 8, kMostPoints = 2000, kMostMarks = 8;

/// Where each value of one factor stands on its axis, from 0 to 1: numbers in order, words as they come.
std::map<std::string, double> places(const std::vector<Json>& values) {
  std::vector<Json> different;
  for (const Json& value : values)
    if (std::find(different.begin(), different.end(), value) == different.end()) different.push_back(value);
  if (std::all_of(different.begin(), different.end(), [](const Json& value) { return value.is_number(); }))
    std::sort(different.begin(), different.end(),
              [](const Json& one, const Json& other) { return one.get<double>() < other.get<double>(); });
  std::map<std::string, double> result;
  for (std::size_t i = 0; i < different.size(); ++i)
    result[words_of(different[i])] = different.size() == 1 ? 0.5 : double(i) / double(different.size() - 1);
  return result;
}

/// What a point has at each axis: its name where names differ, then its factors.
std::map<std::string, std::vector<Json>> axes_of(const std::vector<const Arm*>& points,
                                                 std::vector<std::string>& keys) {
  std::map<std::string, std::vector<Json>> axes;
  const auto add = [&](const std::string& key, const Json& value) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    axes[key].push_back(value);
  };
  for (const Arm* point : points) {
    add("arm", point->name);
    for (const auto& [key, value] : point->factors.items()) add(key, value);
  }
  std::erase_if(
      keys, [&](const std::string& key) { return axes[key].size() != points.size() || places(axes[key]).size() < 2; });
  return axes;
}

}  // namespace

std::vector<Figure> sweep_figures(const Facts& facts) {
  const auto points = facts.compared(false);
  std::vector<std::string> keys;
  auto axes = axes_of(points, keys);
  if (keys.size() < kFewestKeys || points.size() < kFewestPoints || points.size() > kMostPoints) return {};
  double least = *points[0]->mean, most = least;
  for (const Arm* point : points) {
    least = std::min(least, *point->mean);
    most = std::max(most, *point->mean);
  }
  const std::string metric = facts.metric.title(), title = "All points of the sweep";
  Json values = Json::array(), marks = Json::array(), order = Json::array(), rows = Json::array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    Json row = {{"point", points[i]->label}, {"mean", facts.shown(points[i]->mean)}};
    const auto add = [&](const std::string& axis, double at, const std::string& words) {
      values.push_back({{"point", i},
                        {"label", points[i]->label},
                        {"axis", axis},
                        {"at", rounded(at)},
                        {"value", words},
                        {"mean", facts.shown(points[i]->mean)}});
    };
    for (const std::string& key : keys) {
      const std::string words = words_of(axes[key][i]);
      add(last_part(key), places(axes[key])[words], words);
      row[key] = axes[key][i];
    }
    add(metric, most > least ? (*points[i]->mean - least) / (most - least) : 0.5, row["mean"].dump());
    rows.push_back(row);
  }
  for (const std::string& key : keys) {
    order.push_back(last_part(key));
    const auto at = places(axes[key]);
    if (at.size() <= kMostMarks)
      for (const auto& [words, place] : at)
        marks.push_back({{"axis", last_part(key)}, {"at", place}, {"value", words}});
  }
  order.push_back(metric);
  for (const double end : {least, most})
    marks.push_back({{"axis", metric},
                     {"at", most > least ? (end - least) / (most - least) : 0.5},
                     {"value", fmt::format("{:.4g}", facts.shown(end))}});
  Figure figure{"sweep", title,
                "A line is a point of the grid, from factor to factor to what came of it; equal steps between the "
                "values of a factor.",
                spec_from("sweep.vl.json", {{"TITLE", title}, {"METRIC", metric}, {"AXES", order}})};
  figure.spec["datasets"]["points"] = values;
  figure.spec["datasets"]["marks"] = marks;
  std::vector<std::pair<std::string, std::string>> columns;
  for (const std::string& key : keys) columns.emplace_back(key, last_part(key));
  columns.emplace_back("mean", metric);
  figure.table = table_of(rows, columns);
  return {figure};
}

}  // namespace cambium::page
