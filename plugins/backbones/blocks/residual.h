#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/constant_pad_nd.h>

#include <cstdint>

#include "blocks/conv.h"
#include "cambium/nn.h"

namespace cambium::blocks {

/// How a residual block's input gets to its output where their shapes differ (He et al. 2016, section 3.3).
enum class Shortcut {
  Padding,    ///< option A: every second place, zeros for the channels that are new; no parameters
  Projection  ///< option B: a 1x1 convolution with batch norm, "downsample"
};

/// relu(F(x) + x) (He et al. 2016, eq. 1 and 2), [N, in, H, W] to [N, out, H / stride, W / stride].
class Residual : public Module {
 public:
  at::Tensor forward(const at::Tensor& x) override { return path(x).add_(shortcut(x)).relu_(); }

 protected:
  Residual(std::int64_t in, std::int64_t out, std::int64_t stride) : in_(in), out_(out), stride_(stride) {}
  /// F, before the addition, which is written over it: a tensor of its own that no gradient is computed from.
  virtual at::Tensor path(const at::Tensor& x) = 0;
  /// To be called after F's own parts are declared: the order of the names in checkpoints.
  void add_shortcut(Shortcut kind) {
    if (kind == Shortcut::Padding || (stride_ == 1 && in_ == out_)) return;
    projection_ = &child<nn::Sequential>("downsample")
                       .add<nn::Conv2d>("0", in_, out_, conv(out_, 1, stride_))
                       .add<nn::BatchNorm>("1", out_);
  }

 private:
  at::Tensor shortcut(const at::Tensor& x) {
    if (projection_) return projection_->forward(x);
    if (stride_ == 1 && in_ == out_) return x;
    const auto before = (out_ - in_) / 2;
    return at::constant_pad_nd(x.slice(2, 0, x.size(2), stride_).slice(3, 0, x.size(3), stride_),
                               {0, 0, 0, 0, before, out_ - in_ - before});
  }

  std::int64_t in_, out_, stride_;
  Module* projection_ = nullptr;
};

/// Two 3x3 convolutions of `width` channels (He et al. 2016, figure 5, left).
class BasicBlock : public Residual {
 public:
  static constexpr std::int64_t kExpansion = 1;

  BasicBlock(std::int64_t in, std::int64_t width, std::int64_t stride, Shortcut kind = Shortcut::Projection)
      : Residual(in, width, stride),
        conv1_(child<nn::Conv2d>("conv1", in, width, conv(width, 3, stride))),
        bn1_(child<nn::BatchNorm>("bn1", width)),
        conv2_(child<nn::Conv2d>("conv2", width, width, conv(width, 3))),
        bn2_(child<nn::BatchNorm>("bn2", width)) {
    add_shortcut(kind);
  }

 private:
  at::Tensor path(const at::Tensor& x) override { return conv2_.forward(conv1_.forward(x, bn1_).relu_(), bn2_); }

  nn::Conv2d& conv1_;
  nn::BatchNorm& bn1_;
  nn::Conv2d& conv2_;
  nn::BatchNorm& bn2_;
};

/// 1x1 to `width` channels, 3x3, 1x1 to four times as many (the same figure, right); the stride is in the 3x3, as in
/// torchvision and not in the paper.
class Bottleneck : public Residual {
 public:
  static constexpr std::int64_t kExpansion = 4;

  Bottleneck(std::int64_t in, std::int64_t width, std::int64_t stride)
      : Residual(in, kExpansion * width, stride),
        conv1_(child<nn::Conv2d>("conv1", in, width, conv(width, 1))),
        bn1_(child<nn::BatchNorm>("bn1", width)),
        conv2_(child<nn::Conv2d>("conv2", width, width, conv(width, 3, stride))),
        bn2_(child<nn::BatchNorm>("bn2", width)),
        conv3_(child<nn::Conv2d>("conv3", width, kExpansion * width, conv(kExpansion * width, 1))),
        bn3_(child<nn::BatchNorm>("bn3", kExpansion * width)) {
    add_shortcut(Shortcut::Projection);
  }

 private:
  at::Tensor path(const at::Tensor& x) override {
    const at::Tensor narrow = conv1_.forward(x, bn1_).relu_();
    return conv3_.forward(conv2_.forward(narrow, bn2_).relu_(), bn3_);
  }

  nn::Conv2d& conv1_;
  nn::BatchNorm& bn1_;
  nn::Conv2d& conv2_;
  nn::BatchNorm& bn2_;
  nn::Conv2d& conv3_;
  nn::BatchNorm& bn3_;
};

}  // namespace cambium::blocks
