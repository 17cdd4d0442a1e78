#include "report/power.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "cambium/error.h"
#include "report/text.h"

namespace cambium {
namespace {

constexpr double kPower = 0.8, kUpper = 0.975;
constexpr std::int64_t kMostExact = 1000;

/// The normal approximation's number of pairs.
double normal_pairs(double effect) {
  const boost::math::normal normal;
  return std::pow((quantile(normal, kUpper) + quantile(normal, kPower)) / effect, 2);
}

}  // namespace

double paired_power(std::int64_t pairs, double effect) {
  if (pairs < 2) return 0;
  const auto df = static_cast<double>(pairs - 1);
  const double bound = quantile(boost::math::students_t(df), kUpper);
  const boost::math::non_central_t shifted(df, std::abs(effect) * std::sqrt(static_cast<double>(pairs)));
  return cdf(complement(shifted, bound)) + cdf(shifted, -bound);
}

std::int64_t pairs_needed(double effect) {
  const double normal = normal_pairs(effect);
  if (normal > static_cast<double>(kMostExact)) return static_cast<std::int64_t>(std::ceil(std::min(normal, 1e15)));
  // Power grows with the pairs, and Student's t asks for more of them than the normal distribution.
  auto pairs = std::max<std::int64_t>(2, static_cast<std::int64_t>(normal));
  while (paired_power(pairs, effect) < kPower) ++pairs;
  return pairs;
}

double effect_resolved(std::int64_t pairs) {
  if (pairs > kMostExact) return std::sqrt(normal_pairs(1) / static_cast<double>(pairs));
  double low = 0, high = 100;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (paired_power(pairs, middle) < kPower ? low : high) = middle;
  }
  return high;
}

std::string detection_text(double points, std::optional<double> assumed_sd, const std::vector<PairedDifference>& seen,
                           std::int64_t planned) {
  struct Spread {
    std::string from;
    double sd;  ///< in points
  };
  std::vector<Spread> spreads;
  if (assumed_sd) {
    spreads.push_back({"assumed", *assumed_sd});
  } else {
    double squares = 0, df = 0;
    std::int64_t arms = 0;
    const PairedDifference* widest = nullptr;
    for (const PairedDifference& one : seen) {
      if (!one.p) continue;
      const auto own = static_cast<double>(one.repeats - 1);
      squares += own * *one.sd * *one.sd;
      df += own;
      ++arms;
      if (widest == nullptr || *one.sd > *widest->sd) widest = &one;
    }
    if (widest == nullptr)
      throw Error(ErrorKind::Usage, "the database holds no two pairs of this study to take the spread from",
                  "give the standard deviation of a paired difference, in points: --assume-sd 1.5");
    spreads.push_back({fmt::format("seen, pooled over {}", counted(arms, "arm")), 100 * std::sqrt(squares / df)});
    if (arms > 1) spreads.push_back({"seen, of the widest: " + one_line(widest->arm), 100 * *widest->sd});
  }
  std::vector<std::vector<std::string>> rows;
  for (const Spread& spread : spreads)
    rows.push_back({spread.from, fmt::format("{:.2f}", spread.sd), thousands(pairs_needed(points / spread.sd)),
                    planned < 2 ? "-" : fmt::format("{:.2f}", effect_resolved(planned) * spread.sd)});
  return fmt::format(
             "independent pairs (splits, else other replicates, else seeds) to resolve a paired difference of {:.2f} "
             "points, "
             "two-sided 5 %, power 80 %\n",
             points) +
         aligned({{"spread of differences"},
                  {"sd in points", true},
                  {"pairs needed", true},
                  {fmt::format("resolved by the {} planned", planned), true}},
                 rows) +
         "for one comparison; Holm's correction for several asks for more\n";
}

}  // namespace cambium
