#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/paired.h"

namespace cambium {

/// The probability that the two-sided paired t test at the 5 % level tells a true mean difference of `effect` standard
/// deviations (Cohen's d_z) from `pairs` pairs: with T of the noncentral t distribution, pairs - 1 degrees of freedom
/// and noncentrality effect * sqrt(pairs), P(|T| > t(0.975, pairs - 1)). As G*Power 3 computes it (Faul et al. 2007).
/// 0 for fewer than two pairs.
double paired_power(std::int64_t pairs, double effect);

/// The fewest pairs of power 0.8 for `effect` > 0. Beyond 1000, where t is as good as normal, ((1.960 + 0.842) /
/// effect)^2.
std::int64_t pairs_needed(double effect);

/// The effect that `pairs` >= 2 pairs resolve with power 0.8.
double effect_resolved(std::int64_t pairs);

/// What it takes to resolve a difference of `points` points of accuracy, for people. `assumed_sd`: of the differences,
/// in points; else it is taken from `seen`. `planned`: pairs that the study has, 0 where that is not known. Throws
/// Error{Usage} where no spread was seen and none is assumed.
std::string detection_text(double points, std::optional<double> assumed_sd, const std::vector<PairedDifference>& seen,
                           std::int64_t planned);

}  // namespace cambium
