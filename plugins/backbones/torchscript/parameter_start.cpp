#include "parameter_start.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace cambium {
namespace {

constexpr double kLayerScale = 1e-5;  // timm's; torchvision's ConvNeXt has 1e-6
constexpr double kToken = 0.02;
constexpr double kSlope = 0.25;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// "bias", attention's "in_proj_bias" and "q_bias", a recurrent layer's "bias_ih_l0"; a table of relative position
/// biases is a weight.
bool is_bias(std::string_view name) {
  return name == "bias" || name == "beta" || name.ends_with("_bias") || name.starts_with("bias_ih") ||
         name.starts_with("bias_hh");
}

bool is_layer_scale(std::string_view of_class, std::string_view name) {
  return contains(of_class, "LayerScale") || contains(name, "layer_scale") || name.starts_with("gamma");
}

std::int64_t fan_in(const at::Tensor& weight) { return weight.numel() / std::max<std::int64_t>(1, weight.size(0)); }

/// Dimensions longer than 1.
std::int64_t extended(const at::Tensor& value) {
  const auto sizes = value.sizes();
  return std::count_if(sizes.begin(), sizes.end(), [](std::int64_t size) { return size > 1; });
}

}  // namespace

ParameterStart::ParameterStart(const torch::jit::Module& module) {
  if (const auto& name = module.type()->name()) class_ = name->name();
  norm_ = module.hasattr("running_mean");
  for (const auto& parameter : module.named_parameters(/*recurse=*/false)) {
    const at::Tensor& value = parameter.value;
    // LayerNorm's may have the shape of a map; a layer that normalises its weights has a matrix.
    norm_ = norm_ || (contains(class_, "Norm") && (value.dim() == 1 || contains(class_, "LayerNorm")));
    if (parameter.name == "weight" && value.dim() > 1) fan_in_ = fan_in(value);
  }
}

Role ParameterStart::role(const std::string& name) const {
  const bool bias = is_bias(name);
  if (norm_) return bias ? Role::NormBias : Role::Norm;
  return bias ? Role::Bias : Role::Weight;
}

Init ParameterStart::init(const std::string& name, const at::Tensor& value) const {
  const bool bias = is_bias(name), attention = contains(class_, "MultiheadAttention");
  if (norm_) return Init::constant(bias ? 0 : 1);
  if (contains(class_, "PReLU")) return Init::constant(kSlope);
  if (bias)
    return fan_in_ > 0 && !contains(class_, "NonDynamicallyQuantizable") ? Init::fan_in_uniform(fan_in_)
                                                                         : Init::constant(0);
  if (name == "weight" && contains(class_, "Embedding")) return Init::normal(1);
  if (attention && value.dim() == 2) return Init::glorot_uniform(value.size(1), value.size(0));
  if (is_layer_scale(class_, name)) return Init::constant(kLayerScale);
  if (name == "weight" || name.ends_with("_weight"))
    return value.dim() > 1 ? Init::fan_in_uniform(fan_in(value)) : Init::constant(1);
  return value.dim() > 1 ? Init::normal(kToken) : Init::constant(0);
}

}  // namespace cambium
