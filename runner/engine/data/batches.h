#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "cambium/backbone.h"
#include "cambium/schema.h"
#include "engine/data/geometry/augmentation.h"
#include "engine/data/geometry/geometry.h"

namespace cambium {

/// How uint8 images become what a network is fed.
struct Preprocessing {
  std::vector<double> mean, std;  ///< one a channel, for pixels in [0, 1]
  std::int64_t crop = 0;          ///< padding of a random crop, in pixels; 0: none
  bool flip = false;
  Geometry geometry = {};
  Augmentation augmentation = {};

  bool augments() const { return crop > 0 || flip || augmentation.any(); }
  /// What validation and test images go through.
  Preprocessing plain() const { return {mean, std, 0, false, geometry, {}}; }
};

Preprocessing preprocessing(const Params& data_settings, const InputCard& card, std::int64_t channels);

/// uint8 [B, C, H, W] to float32 [B, C, H, W], normalised.
at::Tensor normalised(const at::Tensor& images, const Preprocessing& how);

/// The same, cropped and mirrored first. What happens to an image depends on the seed, the epoch and its index alone:
/// neither the order nor the batch it comes in changes a pixel.
at::Tensor augmented(const at::Tensor& images, std::span<const std::int64_t> indices, const Preprocessing& how,
                     std::uint64_t seed, std::int64_t epoch);

/// 0 .. count-1 in the order of an epoch.
std::vector<std::int64_t> epoch_order(std::size_t count, std::uint64_t seed, std::int64_t epoch);

/// The bounds of the batches of `count` images: the last may be smaller, but a single image left over joins the batch
/// before, since batch normalisation cannot learn from one.
std::vector<std::size_t> batch_bounds(std::size_t count, std::size_t batch);

}  // namespace cambium
