#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "cambium/image.h"
#include "cambium/random.h"
#include "cambium/schema.h"
#include "engine/data/geometry/resize.h"
#include "protocol/settings.h"

namespace cambium {

/// What every image goes through, whatever it is for.
struct Geometry {
  Resize resize = {};
  std::int64_t center_crop = 0;  ///< side; 0: none
  Interpolation interpolation = Interpolation::Bilinear;

  bool changes() const { return resize.changes() || center_crop > 0; }
};
/// `card`: the backbone's, whose interpolation it is where the settings name none.
Geometry geometry(const Params& data_settings, const InputCard& card);
/// Of images of shape `raw` after it: as input_shape() has it.
ImageShape plain_shape(const Geometry& how, const ImageShape& raw);

/// Which part of a training image is cut out, as torchvision's RandomResizedCrop draws it.
struct RandomResizedCrop {
  std::int64_t side = 0;  ///< what it is resized to, in pixels; 0: none
  double least_area = 0.08, greatest_area = 1, least_ratio = 3.0 / 4, greatest_ratio = 4.0 / 3;
};
RandomResizedCrop random_resized_crop(const Params& data_settings);

/// The bytes of `image`, uint8 [C, H, W] of any strides.
PixelView view_of(const at::Tensor& image);

/// Resized and cropped, uint8 [C, H, W]: sizes and rounding are those of torchvision's Resize and CenterCrop on Pillow
/// images. What a crop larger than the image needs beyond it is 0.
at::Tensor plain(const at::Tensor& image, const Geometry& how);

/// The part of an image of `height` x `width` that is cut out.
Box draw_box(std::int64_t height, std::int64_t width, const RandomResizedCrop& how, RandomStream& random);

/// That part of `image`, uint8 [C, side, side].
at::Tensor cut_out(const at::Tensor& image, const Box& box, std::int64_t side, Interpolation how);

}  // namespace cambium
