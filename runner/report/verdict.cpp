#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "report/paired.h"
#include "report/text.h"

namespace cambium {
namespace {

constexpr double kLevel = 0.05;
constexpr std::size_t kMostNamed = 8;
constexpr std::int64_t kFewRepeats = 5;

using Names = std::vector<std::string>;

std::string listed(const Names& names) {
  const Names first(names.begin(), names.begin() + std::ptrdiff_t(std::min(names.size(), kMostNamed)));
  const std::string more =
      names.size() > kMostNamed ? fmt::format("; and {} more", names.size() - kMostNamed) : std::string();
  return fmt::format("{}{}", fmt::join(first, "; "), more);
}

std::string told(const PairedDifference& one, const Metric& metric) {
  const double lo = std::abs(*one.lo), hi = std::abs(*one.hi);
  return fmt::format("{} by {} ({} to {})", one_line(one.arm), metric.text(std::abs(*one.mean)),
                     metric.text(std::min(lo, hi)), metric.text(std::max(lo, hi)));
}

/// What is said of arms whose metric is above, or below, the baseline's.
struct Sides {
  const char *above, *below;
};
Sides sides(const Metric& metric) {
  if (metric.better > 0) return {"Above", "Below"};
  if (metric.better < 0) return {"Worse (higher)", "Better (lower)"};
  return {"Higher", "Lower"};
}

}  // namespace

std::string verdict(const std::vector<PairedDifference>& all_differences, const Baseline& baseline,
                    const Metric& metric) {
  std::vector<PairedDifference> differences;  // what was not chosen is no claim of the study
  std::copy_if(all_differences.begin(), all_differences.end(), std::back_inserter(differences),
               [](const PairedDifference& one) { return one.chosen; });
  if (differences.empty())
    return fmt::format("No arm of stage {} shares a pair of replicate and seed with {}: nothing was compared.\n",
                       baseline.compared, one_line(baseline.arm));
  Names above, below, uncorrected, open, untested, negative;
  std::int64_t fewest = 0, most = 0, missing = 0, tested = 0, fewest_repeats = 0, most_repeats = 0;
  for (const PairedDifference& one : differences) {
    missing += one.missing;
    if (one.negative) negative.push_back(one_line(one.arm));
    if (!one.p) {
      untested.push_back(
          fmt::format("{} ({})", one_line(one.arm), one.n > 1 ? "all differences are equal" : counted(one.n, "pair")));
      continue;
    }
    fewest = tested == 0 ? one.n : std::min(fewest, one.n);
    most = std::max(most, one.n);
    fewest_repeats = tested == 0 ? one.repeats : std::min(fewest_repeats, one.repeats);
    most_repeats = std::max(most_repeats, one.repeats);
    ++tested;
    if (*one.p_holm < kLevel)
      (*one.mean > 0 ? above : below).push_back(told(one, metric));
    else if (*one.p < kLevel)
      uncorrected.push_back(one_line(one.arm));
    else
      open.push_back(one_line(one.arm));
  }
  const auto all = static_cast<std::int64_t>(differences.size());
  std::string text =
      fmt::format("What it shows: {} compared with {}, {} tested", counted(all, "arm"), one_line(baseline.arm), tested);
  if (tested > 0)
    text += fmt::format(" on {}",
                        fewest == most ? counted(most, "pair") + " each" : fmt::format("{} to {} pairs", fewest, most));
  if (tested > 0 && most_repeats < most)
    text += fmt::format(", in {} independent repeats", fewest_repeats == most_repeats
                                                           ? std::to_string(most_repeats)
                                                           : fmt::format("{} to {}", fewest_repeats, most_repeats));
  text += fmt::format(". After Holm's correction for all {}, {} differ at the 5 % level.", all,
                      above.size() + below.size());
  const Sides side = sides(metric);
  if (!above.empty()) text += fmt::format(" {}: {}.", side.above, listed(above));
  if (!below.empty()) text += fmt::format(" {}: {}.", side.below, listed(below));
  if (!negative.empty())
    text += fmt::format(" Negative transfer by its own interval, not corrected: {}.", listed(negative));
  text += "\nWhat it does not show:";
  if (!uncorrected.empty())
    text += fmt::format(" An interval without zero that does not outlast the correction: {}.", listed(uncorrected));
  if (!open.empty())
    text += fmt::format(" No difference was resolved for {}, which is not to say that there is none.", listed(open));
  if (!untested.empty()) text += fmt::format(" Not tested: {}.", listed(untested));
  if (missing > 0)
    text += fmt::format(" {} missing, and arms whose runs failed may not be like the others.",
                        missing == 1 ? "1 pair is" : fmt::format("{} pairs are", missing));
  if (tested > 0 && fewest_repeats < kFewRepeats)
    text += fmt::format(" With {} an interval leans on the differences being normally distributed.",
                        counted(fewest_repeats, most_repeats < most ? "independent repeat" : "pair"));
  return text +
         " The arms were not tested against each other, only against this baseline; and the spread is that over"
         " this study's seeds and replicates, on its data and with its settings.\n";
}

}  // namespace cambium
