#pragma once

#include <stdexcept>

#include "cambium/dataset.h"
#include "cambium/error.h"

namespace cambium {

/// A data set whose test split cannot be read until open(): nothing can be chosen by what is tested on.
class SealedDataset {
 public:
  explicit SealedDataset(const Dataset& dataset) : dataset_(dataset) {}

  void open() { open_ = true; }

  const DatasetInfo& info() const { return dataset_.info(); }
  std::span<const std::int64_t> labels(Split split) const { return checked(split).labels(split); }
  /// Contiguous uint8 [B, C, H, W]. Throws Error{Plugin} where the data set gives anything else.
  at::Tensor images(Split split, std::span<const std::int64_t> indices) const {
    const at::Tensor images = checked(split).images(split, indices);
    const ImageShape& shape = info().shape;
    if (images.scalar_type() != at::kByte ||
        images.sizes() != at::IntArrayRef({std::int64_t(indices.size()), shape.channels, shape.height, shape.width}))
      throw Error(ErrorKind::Plugin, "the data set does not give its images as uint8 of the shape that it declares",
                  "this is a fault of its plugin");
    return images.contiguous();
  }
  /// uint8 [C, H, W] of any size and strides, of data whose images differ in size. Throws Error{Plugin} likewise.
  at::Tensor image(Split split, std::int64_t index) const {
    const at::Tensor image = checked(split).image(split, index);
    if (image.scalar_type() != at::kByte || image.dim() != 3 || image.size(0) != info().shape.channels ||
        image.numel() == 0)
      throw Error(ErrorKind::Plugin, "the data set does not give its images as uint8 [C, H, W]",
                  "this is a fault of its plugin");
    return image;
  }

 private:
  const Dataset& checked(Split split) const {
    if (split == Split::Test && !open_) throw std::logic_error("the test split was asked for before training was over");
    return dataset_;
  }

  const Dataset& dataset_;
  bool open_ = false;
};

}  // namespace cambium
