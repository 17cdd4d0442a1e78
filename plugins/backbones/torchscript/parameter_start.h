#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>

#include "cambium/module.h"

namespace cambium {

/// What the parameters that a scripted module itself has (not its children's) are for, and how they start anew: as
/// PyTorch's own modules do, told by the module's class and the parameters' names.
///
/// - A norm has running statistics or "Norm" in its class: scale 1, shift 0.
/// - PReLU: slopes of 0.25. Embedding: N(0, 1). MultiheadAttention: Glorot-uniform, its biases 0.
/// - Linear, convolutions and whatever else has a weight of two dimensions or more: U(-1/sqrt(fan_in), 1/sqrt(fan_in)),
///   a bias beside it too.
/// - What is no weight: layer scales (LayerScale, "gamma", "layer_scale") at 1e-5; tokens, positions and tables of
///   relative positions N(0, 0.02^2), as Dosovitskiy et al. 2021 and Liu et al. 2021 start them; other vectors at 0.
class ParameterStart {
 public:
  explicit ParameterStart(const torch::jit::Module& module);

  Role role(const std::string& name) const;
  Init init(const std::string& name, const at::Tensor& value) const;

 private:
  std::string class_;  ///< without its package: "BatchNorm2d"
  bool norm_ = false;
  std::int64_t fan_in_ = 0;  ///< of `weight`; 0: there is none of two dimensions
};

}  // namespace cambium
