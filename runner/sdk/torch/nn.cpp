#include "cambium/nn.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>

#include <cmath>

#include "cambium/error.h"
#include "max_pool.h"

namespace cambium::nn {
namespace {

// Null: nobody counts. One count a thread, so that workers' threads do not meet.
thread_local std::int64_t* operations = nullptr;

/// Whether what `module` gives is its own, so that an activation may be written over it: no gradient is computed from
/// it, nor is it its input.
bool gives_its_own(const Module& module) {
  return dynamic_cast<const Conv2d*>(&module) || dynamic_cast<const BatchNorm*>(&module) ||
         dynamic_cast<const Linear*>(&module) || dynamic_cast<const MaxPool2d*>(&module);
}

/// The activation of `module` written over `x`; false where it is none of those.
bool activated(const Module& module, at::Tensor& x) {
  if (dynamic_cast<const ReLU*>(&module))
    at::relu_(x);
  else if (auto* six = dynamic_cast<const ReLU6*>(&module); six && x.scalar_type() == at::kBFloat16)
    x = at::relu(at::clamp_max(x, 6));
  else if (six)
    at::hardtanh_(x, 0, 6);
  else
    return false;
  return true;
}

bool is_activation(const Module& module) {
  return dynamic_cast<const ReLU*>(&module) || dynamic_cast<const ReLU6*>(&module);
}

}  // namespace

Conv2d::Conv2d(std::int64_t in, std::int64_t out, ConvOptions options) : options_(options) {
  weight_ = parameter("weight", {out, in / options.groups, options.kernel, options.kernel},
                      options.weight_init.value_or(Init::he_normal(options.fan_in(in))));
  // As the maps are: oneDNN would otherwise lay them out so at every step.
  weight_.set_data(weight_.contiguous(at::MemoryFormat::ChannelsLast));
  if (options.bias) bias_ = parameter("bias", {out}, options.bias_init.value_or(Init::constant(0)), Role::Bias);
}

at::Tensor Conv2d::convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const {
  const auto& o = options_;
  at::Tensor y = at::conv2d(x, weight, bias, {o.stride, o.stride}, {o.padding, o.padding}, {1, 1}, o.groups);
  count_operations(y.numel() / y.size(0) * weight.numel() / weight.size(0));
  return y;
}

at::Tensor Conv2d::forward(const at::Tensor& x) { return convolve(x, weight_, bias_); }

at::Tensor Conv2d::forward(const at::Tensor& x, BatchNorm& norm) {
  if (norm.training() || at::GradMode::is_enabled()) return norm.forward(forward(x));
  const auto [scale, shift] = norm.affine();
  return convolve(x, weight_ * scale.view({-1, 1, 1, 1}), bias_.defined() ? shift.addcmul(bias_, scale) : shift);
}

Linear::Linear(std::int64_t in, std::int64_t out, bool bias) {
  weight_ = parameter("weight", {out, in}, Init::fan_in_uniform(in));
  if (bias) bias_ = parameter("bias", {out}, Init::fan_in_uniform(in), Role::Bias);
}

Linear::Linear(std::int64_t in, std::int64_t out, Init weight_init, Init bias_init) {
  weight_ = parameter("weight", {out, in}, weight_init);
  bias_ = parameter("bias", {out}, bias_init, Role::Bias);
}

at::Tensor Linear::forward(const at::Tensor& x) {
  count_operations(weight_.numel() * (x.numel() / x.size(0) / x.size(-1)));
  return at::linear(x, weight_, bias_);
}

BatchNorm::BatchNorm(std::int64_t channels, double eps, double momentum) : eps_(eps), momentum_(momentum) {
  weight_ = parameter("weight", {channels}, Init::constant(1), Role::Norm);
  bias_ = parameter("bias", {channels}, Init::constant(0), Role::NormBias);
  mean_ = buffer("running_mean", {channels}, 0);
  variance_ = buffer("running_var", {channels}, 1);
  batches_ = buffer("num_batches_tracked", {}, 0, c10::ScalarType::Long);
}

at::Tensor BatchNorm::forward(const at::Tensor& x) {
  if (training()) {
    if (x.numel() == x.size(1))
      throw Error(ErrorKind::Data, "batch norm has one value a channel to learn from, of one image, and needs two",
                  "set train.batch to 2 or more, or give the data more training images");
    batches_.add_(1);
  }
  return at::batch_norm(x, weight_, bias_, mean_, variance_, training(), momentum_, eps_, false);
}

BatchNorm::Affine BatchNorm::affine() const {
  const at::Tensor scale = weight_ * (variance_ + eps_).rsqrt();
  return {scale, bias_ - mean_ * scale};
}

at::Tensor Dropout::forward(const at::Tensor& x) {
  return training() && probability_ > 0 ? at::dropout(x, probability_, true) : x;
}

at::Tensor Sequential::forward(const at::Tensor& x) {
  at::Tensor y = x;
  bool own = false;  // whether y may be written over
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Module &step = *steps_[i], *next = i + 1 < steps_.size() ? steps_[i + 1] : nullptr;
    auto* convolution = dynamic_cast<Conv2d*>(&step);
    if (auto* norm = convolution && next ? dynamic_cast<BatchNorm*>(next) : nullptr) {
      y = convolution->forward(y, *norm);
      own = true;
      ++i;
    } else if (next && is_activation(step) && dynamic_cast<MaxPool2d*>(next)) {
      // The greatest is the greatest whether before or after, to the last bit and gradient, and there are fewer after.
      y = next->forward(y);
      activated(step, y);
      own = false;
      ++i;
    } else if (!own || !activated(step, y)) {
      y = step.forward(y);
      own = gives_its_own(step);
    }
  }
  return y;
}

at::Tensor ReLU::forward(const at::Tensor& x) { return at::relu(x); }

at::Tensor ReLU6::forward(const at::Tensor& x) {
  // LibTorch 1.13 has no gradient of hardtanh in bf16.
  return x.scalar_type() == at::kBFloat16 ? at::relu(at::clamp_max(x, 6)) : at::hardtanh(x, 0, 6);
}

at::Tensor GELU::forward(const at::Tensor& x) { return at::gelu(x); }

LayerNorm::LayerNorm(std::int64_t width, double eps) : eps_(eps) {
  weight_ = parameter("weight", {width}, Init::constant(1), Role::Norm);
  bias_ = parameter("bias", {width}, Init::constant(0), Role::NormBias);
}

at::Tensor LayerNorm::forward(const at::Tensor& x) {
  return at::layer_norm(x.to(at::kFloat), weight_.sizes(), weight_, bias_, eps_);
}

MultiheadAttention::MultiheadAttention(std::int64_t width, std::int64_t heads)
    : heads_(heads),
      weight_(parameter("in_proj_weight", {3 * width, width}, Init::glorot_uniform(width, 3 * width))),
      bias_(parameter("in_proj_bias", {3 * width}, Init::constant(0), Role::Bias)),
      out_(child<Linear>("out_proj", width, width, Init::fan_in_uniform(width), Init::constant(0))) {}

at::Tensor MultiheadAttention::forward(const at::Tensor& x) {
  const auto n = x.size(0), tokens = x.size(1), width = x.size(2), each = width / heads_;
  const at::Tensor in =
      at::linear(x, weight_, bias_).reshape({n, tokens, 3, heads_, each}).permute({2, 0, 3, 1, 4});  // [3, N, h, T, e]
  const at::Tensor scores = at::matmul(in[0], in[1].transpose(2, 3)).div(std::sqrt(double(each)));
  const at::Tensor mixed = at::matmul(at::softmax(scores, -1, at::kFloat), in[2]);  // [N, h, T, e]
  count_operations(tokens * weight_.numel() + 2 * tokens * tokens * width);
  return out_.forward(mixed.transpose(1, 2).reshape({n, tokens, width}));
}

MaxPool2d::MaxPool2d(std::int64_t kernel, std::int64_t stride, std::int64_t padding, bool ceil)
    : kernel_(kernel), stride_(stride > 0 ? stride : kernel), padding_(padding), ceil_(ceil) {}

at::Tensor MaxPool2d::forward(const at::Tensor& x) {
  if (max_pool_takes(x)) return max_pool(x, {kernel_, stride_, padding_, ceil_});
  return at::max_pool2d(x, {kernel_, kernel_}, {stride_, stride_}, {padding_, padding_}, {1, 1}, ceil_);
}

at::Tensor AdaptiveAveragePool::forward(const at::Tensor& x) { return at::adaptive_avg_pool2d(x, {side_, side_}); }

at::Tensor GlobalAveragePool::forward(const at::Tensor& x) { return x.mean({2, 3}, false, at::kFloat); }

at::Tensor Flatten::forward(const at::Tensor& x) { return x.flatten(1); }

OperationCount::OperationCount() { operations = new std::int64_t(0); }
OperationCount::~OperationCount() {
  delete operations;
  operations = nullptr;
}
std::int64_t OperationCount::count() const { return *operations; }

void count_operations(std::int64_t per_image) {
  if (operations) *operations += per_image;
}

}  // namespace cambium::nn
