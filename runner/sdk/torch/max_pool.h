#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace cambium::nn {

/// Square windows over a map, as MaxPool2d has them.
struct Windows {
  std::int64_t kernel, stride, padding;
  bool ceil;
};

/// Whether `x` is what max_pool() is for.
bool max_pool_takes(const at::Tensor& x);

/// at::max_pool2d to the last bit, gradients too, for float maps [N, C, H, W] whose channels are last in memory. ATen's
/// own takes such maps value by value where eight does not divide the channels: two fifths of LeNet-5's time.
at::Tensor max_pool(const at::Tensor& x, const Windows& windows);

}  // namespace cambium::nn
