#pragma once

/// All that differs between the versions of LibTorch that Cambium builds against.
#include <torch/version.h>

namespace cambium {

/// "1.13.1".
inline constexpr const char* kTorchVersion = TORCH_VERSION;

}  // namespace cambium
