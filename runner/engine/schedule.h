#pragma once

#include <cstdint>

#include "cambium/schema.h"

namespace cambium {

/// The learning rate of each step as a part of the study's: first the warm-up, a line up to 1 over warmup_epochs, then,
/// over the steps that are left, constant; gamma^k after k times step_epochs; or from 1 to final_lr along half a cosine
/// (Loshchilov and Hutter 2017, eq. 5, without restarts).
class Schedule {
 public:
  Schedule(const Params& train_settings, std::int64_t steps_per_epoch);

  /// `step` counts from 0 over the whole training.
  double factor(std::int64_t step) const;

 private:
  enum class Kind { Constant, Step, Cosine } kind_ = Kind::Constant;
  double warmup_ = 0, total_ = 0;  ///< in steps
  double step_length_ = 0, gamma_ = 1, final_ = 0;
};

}  // namespace cambium
