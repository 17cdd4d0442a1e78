#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/metric.h"
#include "store/store.h"

namespace cambium {

/// One arm that others are compared with, and the stage of those.
struct Baseline {
  std::string stage, arm;  ///< the arm's name: of its factors, each arm is compared with the one that has its own
  std::string compared;    ///< the stage of the arms that are compared with it
};

/// The arm called `name`, or "STAGE/ARM", for the arms of `stage`; both may be empty. An empty `stage` is the study's
/// last. An empty `name` is the study's own baseline; else, of that stage, the first arm that trains from scratch; else
/// its first arm. Of equal names the compared stage's comes first, then the latest stage's. Throws Error{Usage} for a
/// stage or an arm that no cell has, with the nearest that there is.
Baseline find_baseline(const Store& store, const std::string& study, const std::string& name, const std::string& stage);

/// One comparison, in the metric's own unit; docs/statistics.md.
struct PairedDifference {
  std::string arm;
  std::int64_t n = 0, missing = 0;
  std::int64_t repeats = 0;  ///< what the interval counts: splits, replicates or seeds
  std::optional<double> mean, sd, lo, hi, p, p_holm;
  bool negative = false;
  bool chosen = true;  ///< by validation, or there was nothing to choose
};
std::vector<PairedDifference> paired_differences(const Store& store, const std::string& study, const Baseline& baseline,
                                                 const Figures& figures = {});

/// Rows for machines: the view `differences` for this baseline and stage, in the study's order.
Table paired_table(const Store& store, const std::string& study, const Baseline& baseline, const Figures& figures = {});

/// For people, in points of percent: the differences, a table by layer where there are cuts, and what all of it shows.
std::string paired_text(const Store& store, const std::string& study, const Baseline& baseline,
                        const Figures& figures = {});

/// The metric by cut, arms as columns; empty where the compared stage has no axis called `cut`.
std::string layer_text(const Store& store, const std::string& study, const Baseline& baseline,
                       const Metric& metric = {});

/// What `differences` show and what they do not, from the numbers alone.
std::string verdict(const std::vector<PairedDifference>& differences, const Baseline& baseline,
                    const Metric& metric = {});

}  // namespace cambium
