#pragma once

#include <cstdint>
#include <optional>

#include "cambium/schema.h"

namespace cambium {

/// The learning rate of each step as a part of the study's, over the whole training: a strategy's phases scale it, and
/// do not start it again.
///
/// After a warm-up, a line up to 1 over warmup_epochs, and over the steps that are left:
/// - constant;
/// - step: gamma^k after k times step_epochs;
/// - cosine: from 1 to final_lr along half a cosine (Loshchilov and Hutter 2017, eq. 5, without restarts).
///
/// Without a warm-up:
/// - triangular: low_lr to 1 and back in a line, every cycle_epochs (Smith 2017, arXiv 1506.01186, section 3.2);
/// - one_cycle: 1 / start_div to 1 in the first `rise` of the steps, then down to 1 / (start_div end_div), both along
///   half a cosine (Smith 2018, arXiv 1803.09820, in the form of PyTorch's OneCycleLR); with cycle_momentum the
///   momentum goes the other way, from 0.95 down to 0.85 and back;
/// - slanted_triangular: 1 / ratio to 1 in the first cut_frac of the steps, then back, both in a line (Howard and Ruder
///   2018, eq. 3).
class Schedule {
 public:
  Schedule(const Params& train_settings, std::int64_t steps_per_epoch);

  /// `step` counts from 0 over the whole training.
  double factor(std::int64_t step) const;
  /// The momentum of the step, or Adam's beta1, instead of the study's; nothing where that stays.
  std::optional<double> momentum(std::int64_t step) const;

 private:
  double one_cycle(double step, double start, double middle, double end) const;

  enum class Kind { Constant, Step, Cosine, Triangular, OneCycle, SlantedTriangular } kind_ = Kind::Constant;
  double warmup_ = 0, total_ = 0;  ///< in steps
  double length_ = 0;              ///< of a step down or a cycle, in steps
  double gamma_ = 1;               ///< of each step down
  double peak_ = 0;                ///< the step at which the one cycle or the slanted triangle is at 1
  double start_ = 0, final_ = 0;   ///< what it starts and ends at
  bool cycles_momentum_ = false;
};

}  // namespace cambium
