#pragma once

namespace cambium {

/// Table t_quantile goes this far; the views take the normal distribution's value beyond (0.12 % less at 1001).
inline constexpr int kLargestTabledDf = 1000;

/// The 0.975 quantile of Student's t with `df` degrees of freedom: half the width of a 95 % interval, in standard
/// errors.
double t975(int df);

}  // namespace cambium
