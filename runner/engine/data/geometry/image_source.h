#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/data/geometry/augmentation.h"
#include "engine/data/geometry/geometry.h"
#include "engine/data/kept_rows.h"
#include "engine/data/sealed_dataset.h"

namespace cambium {

/// A split's images as bytes of one shape. Images that differ in size, and so have to be decoded, are kept once they
/// are resized and cropped; those that a random part is cut out of are decoded again each time.
class ImageSource {
 public:
  /// `cuts`: a random part is cut out of training images, so that plain ones are not asked for often.
  ImageSource(const SealedDataset& data, Split split, Geometry how, bool cuts);

  /// What decides plain()'s pixels beside the data: split, geometry, channels.
  std::string key() const;

  /// uint8 [B, C, h, w], resized and cropped.
  at::Tensor plain(std::span<const std::int64_t> indices) const;
  /// The same as training sees them in an epoch whose stream of random numbers is `key`: a random part of the image, or
  /// the plain one; turned; its colours changed.
  at::Tensor varied(std::span<const std::int64_t> indices, const Augmentation& how, std::uint64_t key) const;

 private:
  at::Tensor decoded(std::span<const std::int64_t> indices) const;

  const SealedDataset& data_;
  Split split_;
  Geometry how_;
  ImageShape shape_;  ///< of plain images
  std::unique_ptr<KeptRows> kept_;
};

}  // namespace cambium
