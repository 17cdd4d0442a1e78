#pragma once

#include "cambium/schema.h"

namespace cambium {

/// What convolutions and products compute in. Weights, what an optimizer keeps, and losses are float32 either way;
/// norms compute in it too.
enum class Precision {
  Fp32,
  Bf16  ///< 8 bits of mantissa, the range of float32
};

/// What the settings' `precision` says.
Precision precision_of(const Params& train_settings);

/// While it lives, what this thread computes is of that precision.
class PrecisionGuard {
 public:
  explicit PrecisionGuard(Precision precision);
  ~PrecisionGuard();
  PrecisionGuard(const PrecisionGuard&) = delete;
  PrecisionGuard& operator=(const PrecisionGuard&) = delete;

 private:
  bool on_, before_ = false, kept_before_ = false;
};

/// Says once, on standard error, where this CPU has no instructions of that precision.
void warn_of_precision(Precision precision);

}  // namespace cambium
