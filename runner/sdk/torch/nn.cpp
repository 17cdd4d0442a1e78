#include "cambium/nn.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

namespace cambium::nn {
namespace {

// Null: nobody counts. One count a thread, so that workers' threads do not meet.
thread_local std::int64_t* operations = nullptr;

void count(std::int64_t per_row) {
  if (operations) *operations += per_row;
}

}  // namespace

Conv2d::Conv2d(std::int64_t in, std::int64_t out, ConvOptions options) : options_(options) {
  const std::int64_t fan_in = in / options.groups * options.kernel * options.kernel;
  weight_ = parameter("weight", {out, in / options.groups, options.kernel, options.kernel}, Init::he_normal(fan_in));
  if (options.bias) bias_ = parameter("bias", {out}, Init::constant(0), Role::Bias);
}

at::Tensor Conv2d::forward(const at::Tensor& x) {
  const auto& o = options_;
  at::Tensor y = at::conv2d(x, weight_, bias_, {o.stride, o.stride}, {o.padding, o.padding}, {1, 1}, o.groups);
  count(y.numel() / y.size(0) * weight_.numel() / weight_.size(0));
  return y;
}

Linear::Linear(std::int64_t in, std::int64_t out, bool bias) {
  weight_ = parameter("weight", {out, in}, Init::fan_in_uniform(in));
  if (bias) bias_ = parameter("bias", {out}, Init::fan_in_uniform(in), Role::Bias);
}

at::Tensor Linear::forward(const at::Tensor& x) {
  count(weight_.numel());
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
  if (training()) batches_.add_(1);
  return at::batch_norm(x, weight_, bias_, mean_, variance_, training(), momentum_, eps_, false);
}

at::Tensor Dropout::forward(const at::Tensor& x) {
  return training() && probability_ > 0 ? at::dropout(x, probability_, true) : x;
}

at::Tensor Sequential::forward(const at::Tensor& x) {
  at::Tensor y = x;
  for (Module* step : steps_) y = step->forward(y);
  return y;
}

at::Tensor ReLU::forward(const at::Tensor& x) { return at::relu(x); }

MaxPool2d::MaxPool2d(std::int64_t kernel, std::int64_t stride, std::int64_t padding)
    : kernel_(kernel), stride_(stride > 0 ? stride : kernel), padding_(padding) {}

at::Tensor MaxPool2d::forward(const at::Tensor& x) {
  return at::max_pool2d(x, {kernel_, kernel_}, {stride_, stride_}, {padding_, padding_});
}

at::Tensor GlobalAveragePool::forward(const at::Tensor& x) { return x.mean({2, 3}); }

at::Tensor Flatten::forward(const at::Tensor& x) { return x.flatten(1); }

OperationCount::OperationCount() { operations = new std::int64_t(0); }
OperationCount::~OperationCount() {
  delete operations;
  operations = nullptr;
}
std::int64_t OperationCount::count() const { return *operations; }

}  // namespace cambium::nn
