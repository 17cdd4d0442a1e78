#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "page/curves.h"
#include "report/metric.h"
#include "report/paired.h"
#include "store/store.h"

namespace cambium::page {

using Json = nlohmann::ordered_json;

/// One point of the grid over its seeds and replicates, in the metric's own unit.
struct Arm {
  std::string stage, label, name;
  Json factors;  ///< what distinguishes it from others of its name: {"strategy.cut": 3}
  std::int64_t n = 0, missing = 0, repeats = 0, trainable = 0, total = 0;
  std::optional<double> mean, lo, hi, seconds;
  bool chosen = true;  ///< by validation, or there was nothing to choose
};

/// A cell as it is now, by the 12 digits that people call it by.
struct Cell {
  std::string cell, stage, arm, replicate, state, error;
  std::int64_t seed = 0;
  std::optional<double> value, seconds;  ///< of the metric, in its own unit
};

/// What a report's tables and figures are made from.
struct Facts {
  const Store& store;
  std::string study;
  Metric metric;
  Baseline baseline;
  std::vector<Arm> arms;  ///< in the study's order, those not chosen too
  std::vector<PairedDifference> differences;
  std::vector<Cell> cells;  ///< in the study's order
  Curves curves;

  /// As it is told: in percent where it is a part of a whole; with six digits that count.
  double shown(double value) const;
  Json shown(const std::optional<double>& value) const;
  /// Of the stage that the baseline is held against, with a result.
  std::vector<const Arm*> compared(bool chosen_only = true) const;
  /// The baseline's own, where there is one of that name alone.
  const Arm* reference() const;
};

/// Throws Error{Usage} for a metric, stage or baseline that the study does not have.
Facts facts_of(const Store& store, const std::string& study, const std::string& metric, const std::string& stage,
               const std::string& baseline);

/// `value` with six digits that count, so that a page holds no noise.
double rounded(double value);

/// A factor's value for people: 0.01, "adam", {"plugin": "x"} as x.
std::string words_of(const Json& value);

/// An arm's name and its factors, but for `without`: "AnB, lr=0.01".
std::string series_of(const Arm& arm, const std::vector<std::string>& without = {});

/// "lr" of "train.lr".
std::string last_part(const std::string& key);

}  // namespace cambium::page
