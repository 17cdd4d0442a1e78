#include "engine/model/precision.h"

#include <ATen/autocast_mode.h>

#include <cstdio>

namespace cambium {

Precision precision_of(const Params& train_settings) {
  return train_settings.string("precision") == "bf16" ? Precision::Bf16 : Precision::Fp32;
}

PrecisionGuard::PrecisionGuard(Precision precision) : on_(precision == Precision::Bf16) {
  if (!on_) return;
  before_ = at::autocast::is_cpu_enabled();
  kept_before_ = at::autocast::is_autocast_cache_enabled();
  at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  at::autocast::set_cpu_enabled(true);
  // Each weight is read once a step, and what is kept of it would be out of date at the next.
  at::autocast::set_autocast_cache_enabled(false);
}

PrecisionGuard::~PrecisionGuard() {
  if (!on_) return;
  at::autocast::set_cpu_enabled(before_);
  at::autocast::set_autocast_cache_enabled(kept_before_);
}

void warn_of_precision(Precision precision) {
  static bool told = false;
  if (precision == Precision::Fp32 || told) return;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16")) return;
#endif
  told = true;
  std::fputs(
      "warning: this CPU has no instructions for bf16 (AVX512_BF16 or AMX), so precision = \"bf16\" takes several "
      "times "
      "as long as fp32 here\n",
      stderr);
}

}  // namespace cambium
