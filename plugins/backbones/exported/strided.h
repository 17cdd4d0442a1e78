#pragma once

#include <ATen/core/stack.h>

#include "operation.h"

namespace cambium::exported {

/// Takes the places that a 1x1 convolution with a stride looks at beforehand, and lets it look at all of them: the same
/// numbers. oneDNN 2.6, Debian 12's, writes beyond its memory in the gradient of such a convolution where eight does
/// not divide the channels, as in the stems of MobileOne and FastViT.
void take_strides(const Operation& convolution, torch::jit::Stack& stack);

}  // namespace cambium::exported
