#pragma once

#include <ATen/core/stack.h>

#include "operation.h"

namespace cambium::exported {

/// Takes away what of a grouped convolution's kernel reaches beyond the map wherever it stands, which multiplies zeros
/// alone: the same numbers in fewer steps. oneDNN 2.6, Debian 12's, computes gradients of such kernels beyond its
/// memory.
void crop_kernel(const Operation& convolution, torch::jit::Stack& stack);

}  // namespace cambium::exported
