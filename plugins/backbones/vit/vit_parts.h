#pragma once

#include <ATen/ops/cat.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "cambium/image.h"
#include "cambium/nn.h"

namespace cambium::vit {

inline constexpr double kEps = 1e-6;

/// Patches of an image.
struct Grid {
  std::int64_t height, width;
};

/// Position embeddings [1, 1 + side^2, width] of square images, made into `shape` = [1, 1 + HW, width] for a grid of H
/// x W patches: the class token's stays, the others are interpolated bicubically with their corners in place, as
/// torchvision does. Undefined for any other shape.
inline at::Tensor resized_positions(const at::Tensor& theirs, const std::vector<std::int64_t>& shape, Grid grid) {
  if (theirs.dim() != 3 || theirs.size(0) != 1 || theirs.size(1) < 2 || theirs.size(2) != shape[2]) return {};
  const auto side = std::int64_t(std::lround(std::sqrt(double(theirs.size(1) - 1))));
  if (side * side != theirs.size(1) - 1) return {};
  const at::Tensor map = theirs.slice(1, 1).to(at::kFloat).transpose(1, 2).reshape({1, shape[2], side, side});
  const at::Tensor resized = at::upsample_bicubic2d(map, at::IntArrayRef{grid.height, grid.width}, true);
  return at::cat({theirs.slice(1, 0, 1).to(at::kFloat), resized.flatten(2).transpose(1, 2)}, 1);
}

/// [N, C, H, W] to tokens [N, 1 + HW / patch^2, width]: the class token, then the patches, all with their positions.
class Embedding : public Module {
 public:
  Embedding(const ImageShape& image, std::int64_t patch, std::int64_t width)
      : class_(parameter("class_token", {1, 1, width}, Init::constant(0))),
        positions_(parameter("encoder.pos_embedding", {1, 1 + (image.height / patch) * (image.width / patch), width},
                             Init::normal(0.02))),
        patches_(child<nn::Conv2d>("conv_proj", image.channels, width, options(image, patch))) {}
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor patches = patches_.forward(x).flatten(2).transpose(1, 2);
    return at::cat({class_.expand({x.size(0), 1, class_.size(2)}), patches}, 1).add(positions_);
  }

 private:
  static nn::ConvOptions options(const ImageShape& image, std::int64_t patch) {
    nn::ConvOptions options{.kernel = patch, .stride = patch};
    options.weight_init = Init::normal(1 / std::sqrt(double(options.fan_in(image.channels))));
    return options;
  }

  at::Tensor class_, positions_;
  Module& patches_;
};

/// Attention and a dense part, each after a norm and around it x (Dosovitskiy et al. 2021, eq. 2 and 3). Tokens [N, T,
/// width] to the same.
class EncoderBlock : public Module {
 public:
  EncoderBlock(std::int64_t width, std::int64_t heads)
      : norm1_(child<nn::LayerNorm>("ln_1", width, kEps)),
        attention_(child<nn::MultiheadAttention>("self_attention", width, heads)),
        norm2_(child<nn::LayerNorm>("ln_2", width, kEps)),
        dense_(
            child<nn::Sequential>("mlp")
                .add<nn::Linear>("0", width, 4 * width, Init::glorot_uniform(width, 4 * width), Init::normal(1e-6))
                .add<nn::GELU>("1")
                .add<nn::Linear>("3", 4 * width, width, Init::glorot_uniform(width, 4 * width), Init::normal(1e-6))) {}
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor y = x.add(attention_.forward(norm1_.forward(x)));
    return y.add(dense_.forward(norm2_.forward(y)));
  }

 private:
  Module &norm1_, &attention_, &norm2_, &dense_;
};

/// The first of the tokens: [N, T, width] to [N, width].
class ClassToken : public Module {
 public:
  at::Tensor forward(const at::Tensor& x) override { return x.select(1, 0); }
};

}  // namespace cambium::vit
