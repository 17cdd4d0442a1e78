#include "engine/data/geometry/geometry.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {

/// Rounds halves to the even neighbour, as Python does.
std::int64_t rounded(double value) { return std::int64_t(std::nearbyint(value)); }

}  // namespace

Geometry geometry(const Params& data_settings, const InputCard& card) {
  return {resize(data_settings), data_settings.integer("center_crop"),
          interpolation(data_settings, card) == "bicubic" ? Interpolation::Bicubic : Interpolation::Bilinear};
}

ImageShape plain_shape(const Geometry& how, const ImageShape& raw) {
  if (how.center_crop > 0) return {raw.channels, how.center_crop, how.center_crop};
  return resized_shape(raw, how.resize);
}

RandomResizedCrop random_resized_crop(const Params& data_settings) {
  const auto& scale = data_settings.numbers("random_resized_crop_scale");
  const auto& ratio = data_settings.numbers("random_resized_crop_ratio");
  return {data_settings.integer("random_resized_crop"), scale.at(0), scale.at(1), ratio.at(0), ratio.at(1)};
}

PixelView view_of(const at::Tensor& image) {
  return {image.data_ptr<std::uint8_t>(),
          image.size(0),
          image.size(1),
          image.size(2),
          image.stride(0),
          image.stride(1),
          image.stride(2)};
}

at::Tensor plain(const at::Tensor& image, const Geometry& how) {
  if (!how.changes()) return image;
  const PixelView view = view_of(image);
  const ImageShape raw = {view.channels, view.height, view.width}, size = resized_shape(raw, how.resize);
  const auto [channels, height, width] = plain_shape(how, raw);
  // Where the crop lies in the resized image; torchvision first pads an image that is smaller, the half below
  // rounded down before it.
  const auto offset = [](std::int64_t side, std::int64_t crop) {
    return crop > side ? -((crop - side) / 2) : rounded(double(side - crop) / 2);
  };
  const std::int64_t y = offset(size.height, height), x = offset(size.width, width);
  Box box;
  box.y = std::max<std::int64_t>(y, 0);
  box.x = std::max<std::int64_t>(x, 0);
  box.height = std::min(height, size.height);
  box.width = std::min(width, size.width);
  at::Tensor inside = at::empty({view.channels, box.height, box.width}, at::kByte);
  resize_part(view, size.height, size.width, box, how.interpolation, inside.data_ptr<std::uint8_t>());
  if (box.height == height && box.width == width) return inside;
  at::Tensor padded = at::zeros({channels, height, width}, at::kByte);
  padded.narrow(1, std::max<std::int64_t>(-y, 0), box.height)
      .narrow(2, std::max<std::int64_t>(-x, 0), box.width)
      .copy_(inside);
  return padded;
}

Box draw_box(std::int64_t height, std::int64_t width, const RandomResizedCrop& how, RandomStream& random) {
  constexpr int kTries = 10;
  const double least = std::log(how.least_ratio), greatest = std::log(how.greatest_ratio);
  for (int i = 0; i < kTries; ++i) {
    const double area = double(height * width) * random.uniform(how.least_area, how.greatest_area);
    const double ratio = std::exp(random.uniform(least, greatest));
    const std::int64_t w = rounded(std::sqrt(area * ratio)), h = rounded(std::sqrt(area / ratio));
    if (w <= 0 || w > width || h <= 0 || h > height) continue;
    const auto y = std::int64_t(random.below(std::uint64_t(height - h + 1)));
    const auto x = std::int64_t(random.below(std::uint64_t(width - w + 1)));
    return {y, x, h, w};
  }
  // The middle, as large as the ratios allow.
  std::int64_t h = height, w = width;
  const double ratio = double(width) / double(height);
  if (ratio < how.least_ratio) h = std::clamp<std::int64_t>(rounded(double(w) / how.least_ratio), 1, height);
  if (ratio > how.greatest_ratio) w = std::clamp<std::int64_t>(rounded(double(h) * how.greatest_ratio), 1, width);
  return {(height - h) / 2, (width - w) / 2, h, w};
}

at::Tensor cut_out(const at::Tensor& image, const Box& box, std::int64_t side, Interpolation how) {
  const PixelView view = view_of(image);
  at::Tensor result = at::empty({view.channels, side, side}, at::kByte);
  resize_part(view.part(box.y, box.x, box.height, box.width), side, side, {0, 0, side, side}, how,
              result.data_ptr<std::uint8_t>());
  return result;
}

}  // namespace cambium
