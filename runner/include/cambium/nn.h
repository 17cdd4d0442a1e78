#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cambium/module.h"

namespace cambium::nn {

struct ConvOptions {
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
  std::optional<Init> weight_init = std::nullopt;  ///< instead of He's with the fan-in
  std::optional<Init> bias_init = std::nullopt;    ///< instead of 0

  /// Inputs of one output value, and outputs of one input value, as torch::nn::init counts them (groups do not lessen
  /// the second).
  std::int64_t fan_in(std::int64_t in) const { return in / groups * kernel * kernel; }
  std::int64_t fan_out(std::int64_t out) const { return out * kernel * kernel; }
};

class BatchNorm;

/// 2-D convolution: [N, in, H, W] to [N, out, H', W']. He-normal weights, zero bias, unless the options say otherwise.
class Conv2d : public Module {
 public:
  Conv2d(std::int64_t in, std::int64_t out, ConvOptions options = {});
  at::Tensor forward(const at::Tensor& x) override;
  /// The same with `norm` after it: as one convolution where that is in eval mode and nobody asks for gradients.
  at::Tensor forward(const at::Tensor& x, BatchNorm& norm);

 private:
  at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const;

  ConvOptions options_;
  at::Tensor weight_, bias_;
};

/// Dense layer: [N, in] to [N, out]. PyTorch's start: U(-1/sqrt(in), 1/sqrt(in)) for weight and bias.
class Linear : public Module {
 public:
  Linear(std::int64_t in, std::int64_t out, bool bias = true);
  Linear(std::int64_t in, std::int64_t out, Init weight_init, Init bias_init);
  at::Tensor forward(const at::Tensor& x) override;

 private:
  at::Tensor weight_, bias_;
};

/// Batch normalisation over [N, C, H, W] or [N, C]; eps 1e-5, running statistics with momentum 0.1, as PyTorch's.
class BatchNorm : public Module {
 public:
  explicit BatchNorm(std::int64_t channels, double eps = 1e-5, double momentum = 0.1);
  at::Tensor forward(const at::Tensor& x) override;

  /// What eval mode does to a channel: x scale + shift, each [C].
  struct Affine {
    at::Tensor scale, shift;
  };
  Affine affine() const;

 private:
  double eps_, momentum_;
  at::Tensor weight_, bias_, mean_, variance_, batches_;
};

/// Inverted dropout in train mode, nothing in eval mode.
class Dropout : public Module {
 public:
  explicit Dropout(double probability) : probability_(probability) {}
  at::Tensor forward(const at::Tensor& x) override;

 private:
  double probability_;
};

/// Modules one after the other, each under a name. A convolution and the batch norm after it are one where they can be.
class Sequential : public Module {
 public:
  template <class M, class... Args>
  Sequential& add(std::string name, Args&&... args) {
    steps_.push_back(&child<M>(std::move(name), std::forward<Args>(args)...));
    return *this;
  }
  at::Tensor forward(const at::Tensor& x) override;

 private:
  std::vector<Module*> steps_;
};

class ReLU : public Module {
 public:
  at::Tensor forward(const at::Tensor& x) override;
};

/// min(max(x, 0), 6).
class ReLU6 : public Module {
 public:
  at::Tensor forward(const at::Tensor& x) override;
};

/// x Phi(x) with the normal distribution's own Phi (Hendrycks and Gimpel 2016), not the tanh approximation.
class GELU : public Module {
 public:
  at::Tensor forward(const at::Tensor& x) override;
};

/// Normalisation over the last dimension of [..., width] (Ba, Kiros, Hinton 2016).
class LayerNorm : public Module {
 public:
  explicit LayerNorm(std::int64_t width, double eps = 1e-5);
  at::Tensor forward(const at::Tensor& x) override;

 private:
  double eps_;
  at::Tensor weight_, bias_;
};

/// Self-attention over tokens [N, T, width] (Vaswani et al. 2017, section 3.2.2), `width` / `heads` a head. Names and
/// start as torch::nn::MultiheadAttention's: in_proj_weight holds queries, keys and values one after the other.
class MultiheadAttention : public Module {
 public:
  MultiheadAttention(std::int64_t width, std::int64_t heads);
  at::Tensor forward(const at::Tensor& x) override;

 private:
  std::int64_t heads_;
  at::Tensor weight_, bias_;
  Module& out_;
};

/// Max pooling of [N, C, H, W] over windows of `kernel`, `stride` apart (0: the kernel). `ceil`: a last window that
/// hangs over the edge counts too.
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(std::int64_t kernel, std::int64_t stride = 0, std::int64_t padding = 0, bool ceil = false);
  at::Tensor forward(const at::Tensor& x) override;

 private:
  std::int64_t kernel_, stride_, padding_;
  bool ceil_;
};

/// [N, C, H, W] to [N, C, side, side], whatever H and W are: means over windows as even as can be.
class AdaptiveAveragePool : public Module {
 public:
  explicit AdaptiveAveragePool(std::int64_t side) : side_(side) {}
  at::Tensor forward(const at::Tensor& x) override;

 private:
  std::int64_t side_;
};

/// [N, C, H, W] to [N, C]: the mean over each channel.
class GlobalAveragePool : public Module {
 public:
  at::Tensor forward(const at::Tensor& x) override;
};

/// [N, ...] to [N, everything else].
class Flatten : public Module {
 public:
  at::Tensor forward(const at::Tensor& x) override;
};

/// Counts the multiply-adds that Conv2d, Linear and MultiheadAttention do on this thread while it lives, one image
/// being one row of the batch, and what else count_operations() is told of.
class OperationCount {
 public:
  OperationCount();
  ~OperationCount();
  std::int64_t count() const;
};

/// For a module with products of its own: tells whoever counts how many multiply-adds it does for one image.
void count_operations(std::int64_t per_image);

}  // namespace cambium::nn
