#pragma once

#include <cstdint>

#include "cambium/nn.h"

namespace cambium::blocks {

/// A convolution without bias that keeps height and width but for the stride, started as torchvision starts those
/// before a batch norm: He-normal with the fan-out.
inline nn::ConvOptions conv(std::int64_t out, std::int64_t kernel, std::int64_t stride = 1, std::int64_t groups = 1) {
  nn::ConvOptions options{
      .kernel = kernel, .stride = stride, .padding = (kernel - 1) / 2, .groups = groups, .bias = false};
  options.weight_init = Init::he_normal(options.fan_out(out));
  return options;
}

/// Convolution, batch norm, activation: torchvision's Conv2dNormActivation, with its names 0, 1, 2.
template <class Activation>
class ConvNorm : public nn::Sequential {
 public:
  ConvNorm(std::int64_t in, std::int64_t out, const nn::ConvOptions& options) {
    add<nn::Conv2d>("0", in, out, options).template add<nn::BatchNorm>("1", out).template add<Activation>("2");
  }
};

}  // namespace cambium::blocks
