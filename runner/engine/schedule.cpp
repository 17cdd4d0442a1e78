#include "engine/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cambium {

Schedule::Schedule(const Params& settings, std::int64_t steps_per_epoch) {
  const auto per_epoch = double(steps_per_epoch);
  warmup_ = std::round(settings.number("warmup_epochs") * per_epoch);
  total_ = double(settings.integer("epochs")) * per_epoch;
  const std::string& kind = settings.string("schedule");
  if (kind == "step") {
    kind_ = Kind::Step;
    step_length_ = double(settings.integer("step_epochs")) * per_epoch;
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
  if (kind_ == Kind::Step) return std::pow(gamma_, std::floor(since / step_length_));
  if (kind_ == Kind::Cosine)
    return final_ + (1 - final_) * 0.5 * (1 + std::cos(std::numbers::pi * since / std::max(1.0, total_ - warmup_)));
  return 1;
}

}  // namespace cambium
