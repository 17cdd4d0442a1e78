#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/metric.h"
#include "store/store.h"

namespace cambium {

/// What is held against another: an arm of a study, or all of a study.
struct Side {
  std::string study, stage, arm;  ///< the arm's label; empty: all arms, each with the one of its stage and label
};

/// The outcome of two sides by pairs of equal replicate and seed; docs/statistics.md.
struct Outcome {
  std::string stage, arm;
  std::int64_t n = 0, repeats = 0, missing = 0;
  std::optional<double> one, other;  ///< means over the pairs
  std::optional<double> difference, lo, hi;
};
std::vector<Outcome> outcomes(const Store& store, const Side& one, const Side& other, const Metric& metric);

/// "STUDY/ARM", "STUDY/STAGE/ARM" or "STUDY" as a side; nothing for what is none. An arm goes by its label, or by its
/// name where only one has that.
std::optional<Side> find_side(const Store& store, const std::string& text);

/// The settings by which the cells of two sides differ, each with all its values: key, one, other.
Table settings_between(const Store& store, const Side& one, const Side& other);

/// The same of two cells, by their identities; and what came of each: metric, one, other, difference.
Table settings_between(const Store& store, const std::string& one, const std::string& other);
Table metrics_between(const Store& store, const std::string& one, const std::string& other);

}  // namespace cambium
