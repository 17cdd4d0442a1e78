#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "page/figure.h"

namespace cambium::page {
namespace {

constexpr std::size_t kFewestValues = 3, kMostTicks = 12, kMostSeries = 10;
/// From here on values lie so far apart that they are spread by their logarithm.
constexpr double kLogSpan = 20;

/// The numeric factors that take several values in one series, in the study's order.
std::vector<std::string> keys_of(const std::vector<const Arm*>& arms) {
  std::vector<std::string> keys;
  std::map<std::string, std::map<std::string, std::set<double>>> values;
  for (const Arm* arm : arms)
    for (const auto& [key, value] : arm->factors.items()) {
      if (!value.is_number() || last_part(key) == "lr") continue;
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
      values[key][series_of(*arm, {key})].insert(value.get<double>());
    }
  std::erase_if(keys, [&](const std::string& key) {
    return std::none_of(values[key].begin(), values[key].end(),
                        [](const auto& series) { return series.second.size() >= kFewestValues; });
  });
  return keys;
}

Json bounds(const Facts& facts, const Arm& arm) {
  return {{"mean", facts.shown(arm.mean)}, {"lo", facts.shown(arm.lo)}, {"hi", facts.shown(arm.hi)}, {"n", arm.n}};
}

/// Of more lines than can be told apart those whose best point is best.
std::set<std::string> best_series(const Facts& facts, const std::vector<const Arm*>& arms, const std::string& key) {
  std::map<std::string, double> best;
  const double sign = facts.metric.better < 0 ? -1 : 1;
  for (const Arm* arm : arms) {
    if (!arm->factors.contains(key)) continue;
    const auto [known, first] = best.try_emplace(series_of(*arm, {key}), sign * *arm->mean);
    if (!first) known->second = std::max(known->second, sign * *arm->mean);
  }
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [series, mean] : best) order.emplace_back(-mean, series);
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), kMostSeries));
  std::set<std::string> result;
  for (const auto& [mean, series] : order) result.insert(series);
  return result;
}

Figure factor_figure(const Facts& facts, const std::vector<const Arm*>& arms, const std::string& key) {
  Json points = Json::array(), references = Json::array(), series = Json::array(), ticks = Json::array(),
       lines = Json::array();
  std::set<double> at;
  const std::set<std::string> best = best_series(facts, arms, key);
  bool some = false;
  for (const Arm* arm : arms) {
    if (!arm->factors.contains(key) || !arm->factors[key].is_number()) continue;
    const std::string name = series_of(*arm, {key});
    if (best.count(name) == 0) {
      some = true;
      continue;
    }
    if (std::find(series.begin(), series.end(), name) == series.end()) series.push_back(name);
    Json point = {{"arm", name}, {"at", arm->factors[key]}};
    point.update(bounds(facts, *arm));
    points.push_back(point);
    at.insert(arm->factors[key].get<double>());
  }
  // What has no such factor is the same for all of its values: the baseline, and the controls.
  std::set<std::string> told;
  for (const Arm& arm : facts.arms) {
    if (!arm.mean || !arm.chosen || !arm.factors.empty() || !told.insert(arm.label).second) continue;
    Json line = {{"arm", arm.label}};
    line.update(bounds(facts, arm));
    references.push_back(line);
    lines.push_back(arm.label);
  }
  if (at.size() <= kMostTicks)
    for (const double value : at) ticks.push_back(value);
  const std::string what = last_part(key), metric = facts.metric.title();
  Figure figure;
  figure.name = "factors-" + key;
  figure.title = fmt::format("{} by {}", facts.metric.words(), what);
  figure.caption =
      fmt::format("Mean of each arm, with the 95 % interval over seeds and replicates as a band.{} {}",
                  references.empty() ? "" : " Dashed: arms that have no " + what + ", with theirs.",
                  "Bands of two arms may overlap while their paired difference is plain; the differences are below.");
  if (some) figure.caption += fmt::format(" The {} lines that reach highest, of more.", best.size());
  figure.spec = spec_from(
      "factor.vl.json", {{"TITLE", figure.title}, {"X", what}, {"Y", metric}, {"ARMS", series}, {"REFERENCES", lines}});
  figure.spec["datasets"]["points"] = points;
  figure.spec["datasets"]["references"] = references;
  if (references.empty()) {  // a scale of nothing would have no bounds
    Json layers = Json::array();
    for (const Json& layer : figure.spec["layer"])
      if (layer["data"]["name"] != "references") layers.push_back(layer);
    figure.spec["layer"] = layers;
  }
  const bool spread = *at.begin() > 0 && *at.rbegin() / *at.begin() >= kLogSpan;
  for (Json& layer : figure.spec["layer"]) {
    if (!layer["encoding"].contains("x") || !layer["encoding"]["x"].contains("axis")) continue;
    if (spread) layer["encoding"]["x"]["scale"]["type"] = "log";
    if (!ticks.empty()) layer["encoding"]["x"]["axis"]["values"] = ticks;
  }
  Json all = points;
  for (const Json& line : references) all.push_back(line);
  figure.table =
      table_of(all, {{"arm", "arm"}, {"at", what}, {"mean", metric}, {"lo", "from"}, {"hi", "to"}, {"n", "cells"}});
  return figure;
}

}  // namespace

std::vector<Figure> factor_figures(const Facts& facts) {
  const auto arms = facts.compared();
  std::vector<Figure> figures;
  for (const std::string& key : keys_of(arms)) figures.push_back(factor_figure(facts, arms, key));
  return figures;
}

}  // namespace cambium::page
