#include "page/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cambium::page {
namespace {

Json object(const Field& field) {
  Json json = Json::parse(text(field), nullptr, false);
  return json.is_object() ? json : Json::object();
}

/// All cells' curves together have about so many points.
constexpr std::int64_t kMostPoints = 300000, kMetrics = 3, kMostEpochs = 60, kFewestEpochs = 8;

std::vector<Cell> cells_of(const Store& store, const std::string& study, const std::string& metric) {
  const std::vector<Field> where = {study, metric};
  const Table rows = store.query(
      "SELECT c.cell, c.stage, c.arm, c.replicate, c.state, c.error, c.seed, v.value, c.seconds FROM cells AS c "
      "LEFT JOIN (SELECT stage, identity, value FROM cell_value WHERE study = ?1 AND metric = ?2) AS v "
      "ON v.identity = c.identity AND v.stage = c.stage WHERE c.study = ?1 ORDER BY c.position",
      where);
  std::vector<Cell> cells;
  for (const auto& row : rows.rows)
    cells.push_back({text(row[0]), text(row[1]), text(row[2]), text(row[3]), text(row[4]), text(row[5]),
                     static_cast<std::int64_t>(number(row[6]).value_or(0)), number(row[7]), number(row[8])});
  return cells;
}

}  // namespace

double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  const double result = std::round(value * scale) / scale;
  return std::isfinite(result) ? result : value;
}

double Facts::shown(double value) const { return rounded(metric.parts ? 100 * value : value); }

Json Facts::shown(const std::optional<double>& value) const {
  return value && std::isfinite(*value) ? Json(shown(*value)) : Json();
}

std::vector<const Arm*> Facts::compared(bool chosen_only) const {
  std::vector<const Arm*> result;
  for (const Arm& arm : arms)
    if (arm.stage == baseline.compared && arm.mean && std::isfinite(*arm.mean) && (arm.chosen || !chosen_only))
      result.push_back(&arm);
  return result;
}

const Arm* Facts::reference() const {
  const Arm* found = nullptr;
  for (const Arm& arm : arms) {
    if (arm.stage != baseline.stage || arm.name != baseline.arm || !arm.mean || !arm.chosen) continue;
    if (found != nullptr) return nullptr;
    found = &arm;
  }
  return found;
}

Facts facts_of(const Store& store, const std::string& study, const std::string& metric, const std::string& stage,
               const std::string& baseline) {
  Facts facts{store, study, find_metric(store, study, metric), {}, {}, {}, {}, {}};
  facts.baseline = find_baseline(store, study, baseline, stage);
  const std::vector<Field> where = {study, facts.metric.name};
  const Table rows = store.query(
      "SELECT stage, arm, name, factors, n, missing, repeats, trainable, total, mean, lo95, hi95, seconds, chosen "
      "FROM means WHERE study = ?1 AND metric = ?2 AND (?2 = 'test_accuracy' OR stage IN "
      "(SELECT stage FROM cell_value WHERE study = ?1 AND metric = ?2 AND value IS NOT NULL)) ORDER BY position",
      where);
  for (const auto& row : rows.rows) {
    const auto whole = [&](std::size_t column) { return static_cast<std::int64_t>(number(row[column]).value_or(0)); };
    facts.arms.push_back({text(row[0]), text(row[1]), text(row[2]), object(row[3]), whole(4), whole(5), whole(6),
                          whole(7), whole(8), number(row[9]), number(row[10]), number(row[11]), number(row[12]),
                          whole(13) == 1});
  }
  // An arm is held against the baseline's cells of its own factors: with no other name there is nothing to hold.
  const bool others = std::any_of(facts.arms.begin(), facts.arms.end(), [&](const Arm& arm) {
    return arm.stage == facts.baseline.compared &&
           !(arm.name == facts.baseline.arm && arm.stage == facts.baseline.stage);
  });
  if (others) facts.differences = paired_differences(store, study, facts.baseline, {facts.metric, false});
  facts.cells = cells_of(store, study, facts.metric.name);
  const auto share = kMostPoints / std::max<std::int64_t>(1, std::int64_t(facts.cells.size()) * kMetrics);
  facts.curves = curves_of(store, study, std::clamp(share, kFewestEpochs, kMostEpochs));
  return facts;
}

std::string words_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("plugin") && value["plugin"].is_string()) {
    std::string words = value["plugin"].get<std::string>();
    for (const auto& [key, one] : value.items())
      if (key != "plugin") words += fmt::format(" {}={}", key, words_of(one));
    return words;
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string series_of(const Arm& arm, const std::vector<std::string>& without) {
  std::string series = arm.name;
  for (const auto& [key, value] : arm.factors.items())
    if (std::find(without.begin(), without.end(), key) == without.end())
      series += fmt::format(", {}={}", last_part(key), words_of(value));
  return series;
}

std::string last_part(const std::string& key) { return key.substr(key.rfind('.') + 1); }

}  // namespace cambium::page
