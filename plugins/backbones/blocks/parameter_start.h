#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "cambium/module.h"

namespace cambium::blocks {

/// What the parameters that a module of PyTorch's itself has (not its children's) are for, and how they start anew: as
/// PyTorch's own modules do, told by the module's class and the parameters' names.
///
/// - A norm has running statistics, "Norm" in its class, or is read by an operation that is one: scale 1, shift 0.
/// - PReLU: slopes of 0.25. Embedding: N(0, 1). MultiheadAttention: Glorot-uniform, its biases 0.
/// - Linear, convolutions and whatever else has a weight of two dimensions or more: U(-1/sqrt(fan_in), 1/sqrt(fan_in)),
///   a bias beside it too.
/// - What is no weight: layer scales (LayerScale, "gamma", "layer_scale") at 1e-5; a gain at 1; tokens, positions and
///   tables of relative positions N(0, 0.02^2), as Dosovitskiy et al. 2021 and Liu et al. 2021 start them; other
///   vectors at 0.
struct ParameterStart {
  std::string of_class;  ///< without its package: "BatchNorm2d"
  bool norm = false;
  std::int64_t fan_in = 0;  ///< of `weight`; 0: there is none of two dimensions

  static std::int64_t fan_in_of(const at::Tensor& weight) {
    return weight.numel() / std::max<std::int64_t>(1, weight.size(0));
  }

  Role role(std::string_view name) const {
    const bool bias = is_bias(name);
    if (norm) return bias ? Role::NormBias : Role::Norm;
    return bias ? Role::Bias : Role::Weight;
  }

  Init init(std::string_view name, const at::Tensor& value) const {
    constexpr double kLayerScale = 1e-5;  // timm's; torchvision's ConvNeXt has 1e-6
    constexpr double kToken = 0.02, kSlope = 0.25;
    const bool bias = is_bias(name), weight = name == "weight";
    if (norm) return Init::constant(bias ? 0 : 1);
    if (is("PReLU")) return Init::constant(kSlope);
    if (bias) return fan_in > 0 && !is("NonDynamicallyQuantizable") ? Init::fan_in_uniform(fan_in) : Init::constant(0);
    if (weight && is("Embedding")) return Init::normal(1);
    if (is("MultiheadAttention") && value.dim() == 2) return Init::glorot_uniform(value.size(1), value.size(0));
    if (is("LayerScale") || contains(name, "layer_scale") || name.substr(0, 5) == "gamma")
      return Init::constant(kLayerScale);
    if (name == "gain") return Init::constant(1);
    if (weight || name.ends_with("_weight"))
      return value.dim() > 1 ? Init::fan_in_uniform(fan_in_of(value)) : Init::constant(1);
    return value.dim() > 1 ? Init::normal(kToken) : Init::constant(0);
  }

 private:
  static bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }
  bool is(std::string_view part) const { return contains(of_class, part); }

  /// "bias", attention's "in_proj_bias" and "q_bias", a recurrent layer's "bias_ih_l0"; a table of relative position
  /// biases is a weight.
  static bool is_bias(std::string_view name) {
    return name == "bias" || name == "beta" || name.ends_with("_bias") || name.starts_with("bias_ih") ||
           name.starts_with("bias_hh");
  }
};

}  // namespace cambium::blocks
