#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "page/figure.h"

namespace cambium::page {
namespace {

constexpr std::size_t kFewestValues = 3, kMostTicks = 12;
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

Figure factor_figure(const Facts& facts, const std::vector<const Arm*>& arms, const std::string& key) {
  Json points = Json::array(), references = Json::array(), series = Json::array(), ticks = Json::array(),
       lines = Json::array();
  std::set<double> at;
  for (const Arm* arm : arms) {
    if (!arm->factors.contains(key) || !arm->factors[key].is_number()) continue;
    const std::string name = series_of(*arm, {key});
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
  figure.spec = spec_from(
      "factor.vl.json", {{"TITLE", figure.title}, {"X", what}, {"Y", metric}, {"ARMS", series}, {"REFERENCES", lines}});
  figure.spec["datasets"]["points"] = points;
  figure.spec["datasets"]["references"] = references;
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
