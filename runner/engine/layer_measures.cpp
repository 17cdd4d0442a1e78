#include "engine/layer_measures.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "engine/task.h"
#include "measures/similarity.h"

namespace cambium {
namespace {

constexpr std::int64_t kBatch = 256;

struct LayerParameters {
  std::string name;
  std::vector<at::Tensor> values;
};

/// The layers' parameters, and last what is left of the network's floating-point tensors: the head's.
std::vector<LayerParameters> by_layer(const Model& model) {
  std::vector<LayerParameters> result;
  std::set<std::string> seen;
  for (const Layer& layer : model.backbone().layers()) {
    result.push_back({layer.name, {}});
    for (const NamedParameter& parameter : layer.module->parameters(layer.prefix)) {
      result.back().values.push_back(parameter.value);
      seen.insert(parameter.name);
    }
    for (const NamedBuffer& buffer : layer.module->buffers(layer.prefix)) seen.insert(buffer.name);
  }
  result.push_back({"head", {}});
  for (const auto& [name, tensor] : model.state())
    if (!seen.count(name) && tensor.is_floating_point()) result.back().values.push_back(tensor);
  return result;
}

/// The length of all tensors together.
double length(const std::vector<at::Tensor>& tensors) {
  double squares = 0;
  for (const at::Tensor& tensor : tensors) squares += tensor.to(at::kDouble).square().sum().item<double>();
  return std::sqrt(squares);
}

at::Tensor next_layer(const Model& model, const at::Tensor& x, std::size_t layer) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : x.split(kBatch)) parts.push_back(model.backbone().forward(part, layer, layer + 1));
  return at::cat(parts);
}

}  // namespace

LayerValues layer_cka(Model& one, Model& other, const Images& images) {
  LayerValues values;
  at::Tensor a = over_images(one, images, [](const at::Tensor&x) { return x; }), b = a;
  const at::NoGradGuard no_grad;
  other.eval();
  for (std::size_t l = 0; l < one.layers(); ++l) {
    a = next_layer(one, a, l);
    b = next_layer(other, b, l);
    values.emplace_back(one.backbone().layers()[l].name, measures::linear_cka(a.flatten(1), b.flatten(1)));
  }
  return values;
}

LayerValues weight_distances(const Model& start, const Model& end) {
  LayerValues values;
  const at::NoGradGuard no_grad;
  const auto before = by_layer(start), after = by_layer(end);
  for (std::size_t l = 0; l < before.size(); ++l) {
    std::vector<at::Tensor> moved;
    for (std::size_t i = 0; i < before[l].values.size(); ++i)
      moved.push_back(after[l].values[i].to(at::kDouble) - before[l].values[i].to(at::kDouble));
    if (moved.empty()) continue;
    values.emplace_back(before[l].name, length(moved));
    values.emplace_back(before[l].name + " relative", length(moved) / length(before[l].values));
  }
  return values;
}

LayerValues gradient_norms(Model& model, const Images& images) {
  model.begin_phase({0, std::vector<LayerPlan>(model.layers()), LayerPlan{}});  // everything takes gradients
  model.eval();
  auto layers = by_layer(model);
  for (LayerParameters& layer : layers)
    for (at::Tensor& value : layer.values) value.mutable_grad() = at::Tensor();
  const auto count = std::int64_t(images.size());
  for (std::int64_t from = 0; from < count; from += kBatch) {
    std::vector<std::int64_t> positions(std::size_t(std::min(kBatch, count - from)));
    std::iota(positions.begin(), positions.end(), from);
    const at::Tensor loss = at::cross_entropy_loss(model.forward(images.inputs(positions)), images.labels(positions));
    (loss * (double(positions.size()) / double(count))).backward();
  }
  LayerValues values;
  for (LayerParameters& layer : layers) {
    std::vector<at::Tensor> gradients, weights;
    for (at::Tensor& value : layer.values) {
      if (value.grad().defined()) gradients.push_back(value.grad());
      if (value.requires_grad()) weights.push_back(value.detach());
      value.mutable_grad() = at::Tensor();
    }
    if (!weights.empty()) values.emplace_back(layer.name, length(gradients) / length(weights));
  }
  return values;
}

}  // namespace cambium
