#include "engine/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cambium {
namespace {

constexpr double kMostMomentum = 0.95, kLeastMomentum = 0.85;  // OneCycleLR's defaults

/// From `from` to `to` along half a cosine; `part` of the way, in [0, 1].
double half_cosine(double from, double to, double part) {
  return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * part));
}

double line(double from, double to, double part) { return from + (to - from) * part; }

}  // namespace

Schedule::Schedule(const Params& settings, std::int64_t steps_per_epoch) {
  const auto per_epoch = double(steps_per_epoch);
  total_ = double(settings.integer("epochs")) * per_epoch;
  const std::string& kind = settings.string("schedule");
  if (kind == "triangular") {
    kind_ = Kind::Triangular;
    length_ = settings.number("cycle_epochs") * per_epoch;
    start_ = settings.number("low_lr");
    return;
  }
  if (kind == "one_cycle") {
    kind_ = Kind::OneCycle;
    peak_ = settings.number("rise") * total_ - 1;
    start_ = 1 / settings.number("start_div");
    final_ = start_ / settings.number("end_div");
    cycles_momentum_ = settings.boolean("cycle_momentum");
    return;
  }
  if (kind == "slanted_triangular") {
    kind_ = Kind::SlantedTriangular;
    peak_ = std::max(1.0, std::floor(settings.number("cut_frac") * total_));
    start_ = final_ = 1 / settings.number("ratio");
    return;
  }
  warmup_ = std::round(settings.number("warmup_epochs") * per_epoch);
  if (kind == "step") {
    kind_ = Kind::Step;
    length_ = double(settings.integer("step_epochs")) * per_epoch;
    gamma_ = settings.number("gamma");
  } else if (kind == "cosine") {
    kind_ = Kind::Cosine;
    final_ = settings.number("final_lr");
  }
}

double Schedule::factor(std::int64_t step) const {
  const auto t = double(step);
  if (t < warmup_) return (t + 1) / warmup_;
  const double since = t - warmup_;
  switch (kind_) {
    case Kind::Constant:
      return 1;
    case Kind::Step:
      return std::pow(gamma_, std::floor(since / length_));
    case Kind::Cosine:
      return half_cosine(1, final_, since / std::max(1.0, total_ - warmup_));
    case Kind::Triangular:
      return line(1, start_, std::abs(2 * std::fmod(t / length_, 1.0) - 1));
    case Kind::OneCycle:
      return one_cycle(t, start_, 1, final_);
    case Kind::SlantedTriangular:
      // The paper divides by peak (1 / cut_frac - 1), which is total - peak where cut_frac of the steps is whole.
      return t < peak_ ? line(start_, 1, t / peak_) : line(1, final_, std::min(1.0, (t - peak_) / (total_ - peak_)));
  }
  return 1;
}

/// From `start` to `middle` at the peak, and on to `end` at the last step.
double Schedule::one_cycle(double step, double start, double middle, double end) const {
  return step <= peak_ ? half_cosine(start, middle, peak_ > 0 ? step / peak_ : 1)
                       : half_cosine(middle, end, (step - peak_) / (total_ - 1 - peak_));
}

std::optional<double> Schedule::momentum(std::int64_t step) const {
  if (!cycles_momentum_) return std::nullopt;
  return one_cycle(double(step), kMostMomentum, kLeastMomentum, kMostMomentum);
}

}  // namespace cambium
