#include "own_operations.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/jit/frontend/function_schema_parser.h>

#include <cmath>
#include <limits>
#include <map>

#include "cambium/error.h"

namespace cambium::exported {
namespace {

using torch::jit::pop;
using torch::jit::Stack;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Vaswani et al. 2017, eq. 1, of [..., T, e]: softmax(q k^T scale + mask) v. Its own dropout is not there: eval mode
/// set it to 0.
void attention(Stack& stack) {
  const bool grouped = pop(stack).toBool();
  const auto scale = pop(stack).toOptional<double>();
  const bool causal = pop(stack).toBool();
  pop(stack);
  const c10::IValue mask = pop(stack);
  const at::Tensor v = pop(stack).toTensor(), k = pop(stack).toTensor(), q = pop(stack).toTensor();
  if (grouped)
    throw Error(ErrorKind::Plugin, "the network's attention shares keys among groups of queries, which is not known",
                "export it with enable_gqa=False");
  // Half of the scale on either side, as PyTorch has it: the product cannot overflow.
  const double half = std::sqrt(scale.value_or(1 / std::sqrt(double(q.size(-1)))));
  at::Tensor scores = at::matmul(q * half, k.transpose(-2, -1) * half);
  if (causal) {
    const at::Tensor past = at::ones({q.size(-2), k.size(-2)}, at::kBool).tril();
    scores = scores.masked_fill(past.logical_not(), -kInfinity);
  }
  if (mask.isTensor() && mask.toTensor().defined()) {
    const at::Tensor& tensor = mask.toTensor();
    scores = tensor.scalar_type() == at::kBool ? scores.masked_fill(tensor.logical_not(), -kInfinity) : scores + tensor;
  }
  stack.emplace_back(at::matmul(at::softmax(scores, -1, at::kFloat).to(v.scalar_type()), v));
}

/// Zhang and Sennrich 2019: x / sqrt(mean(x^2) + eps) over the last dimensions, scaled.
void rms_norm(Stack& stack) {
  const auto eps = pop(stack).toOptional<double>();
  const c10::IValue weight = pop(stack);
  const auto shape = pop(stack).toIntVector();
  const at::Tensor x = pop(stack).toTensor();
  std::vector<std::int64_t> dimensions;
  for (std::size_t i = 0; i < shape.size(); ++i) dimensions.push_back(-1 - std::int64_t(i));
  at::Tensor y = x * (x.square().mean(dimensions, true) + eps.value_or(std::numeric_limits<float>::epsilon())).rsqrt();
  if (weight.isTensor() && weight.toTensor().defined()) y = y * weight.toTensor();
  stack.emplace_back(y);
}

/// A view where there can be one: memory may be laid out otherwise here than where the network was exported.
void view(Stack& stack) {
  const auto shape = pop(stack).toIntVector();
  const at::Tensor x = pop(stack).toTensor();
  stack.emplace_back(x.reshape(shape));
}

/// softmax, and 0 where all is masked.
void safe_softmax(Stack& stack) {
  const auto type = pop(stack).toOptional<at::ScalarType>();
  const std::int64_t dimension = pop(stack).toInt();
  const at::Tensor x = pop(stack).toTensor();
  const at::Tensor masked = x.eq(-kInfinity).all(dimension, true);
  stack.emplace_back(at::softmax(x, dimension, type).masked_fill(masked, 0));
}

const std::map<std::string, OwnOperation>& all() {
  using torch::jit::parseSchema;
  static const std::map<std::string, OwnOperation> operations = {
      {"view", {parseSchema("view(Tensor(a) self, int[] size) -> Tensor(a)"), view}},
      {"scaled_dot_product_attention",
       {parseSchema(
            "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float "
            "dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor"),
        attention}},
      {"rms_norm",
       {parseSchema("rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor"),
        rms_norm}},
      {"_safe_softmax",
       {parseSchema("_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor"), safe_softmax}}};
  return operations;
}

}  // namespace

const OwnOperation* find_own(const std::string& name) {
  const auto found = all().find(name);
  return found == all().end() ? nullptr : &found->second;
}

}  // namespace cambium::exported
