#include "engine/data/geometry/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/data/geometry/resize_rows.h"

namespace cambium {
namespace {

using resampling::Weights;

/// What an input counts at `distance` from the output, in units of the scale, 0 or more. Terms are grouped as in
/// Pillow, so that the last bit is its.
double kernel(Interpolation how, double distance) {
  if (how == Interpolation::Bilinear) return std::max(0.0, 1 - distance);
  constexpr double kA = -0.5;
  if (distance < 1) return ((kA + 2) * distance - (kA + 3)) * distance * distance + 1;
  if (distance < 2) return (((distance - 5) * distance + 8) * distance - 4) * kA;
  return 0;
}

/// Weights of outputs `from` .. `from + count - 1` of `size` that `in` inputs are resampled to.
Weights weights(Interpolation how, std::int64_t in, std::int64_t size, std::int64_t from, std::int64_t count) {
  Weights result;
  const double scale = double(in) / double(size), wide = std::max(scale, 1.0);
  const double reach = wide * (how == Interpolation::Bicubic ? 2 : 1);
  // Four more than there can be, so that they can be read four at a time.
  result.taps = std::int64_t(std::ceil(reach)) * 2 + 1 + 4;
  result.values.assign(std::size_t(count * result.taps), 0);
  std::vector<double> real(std::size_t(result.taps));
  for (std::int64_t i = 0; i < count; ++i) {
    const double centre = (double(from + i) + 0.5) * scale;
    const std::int64_t first = std::max<std::int64_t>(0, std::int64_t(centre - reach + 0.5));
    const std::int64_t inputs = std::min(in, std::int64_t(centre + reach + 0.5)) - first;
    double sum = 0;
    for (std::int64_t t = 0; t < inputs; ++t) {
      const double distance = std::abs((double(t + first) - centre + 0.5) * (1 / wide));
      sum += real[std::size_t(t)] = kernel(how, distance);
    }
    for (std::int64_t t = 0; t < inputs; ++t) {
      const double weight = sum != 0 ? real[std::size_t(t)] / sum : real[std::size_t(t)];
      result.values[std::size_t(i * result.taps + t)] =
          std::int32_t((weight < 0 ? -0.5 : 0.5) + weight * (1 << resampling::kBits));
    }
    result.first.push_back(first);
    result.count.push_back(inputs);
  }
  return result;
}

/// One interleaved image of 1 or 3 channels: `row` bytes from row to row, into rows of box.width * channels bytes.
void resize_interleaved(const std::uint8_t* data, std::int64_t row, int channels, std::int64_t in_height,
                        std::int64_t in_width, std::int64_t height, std::int64_t width, const Box& box,
                        Interpolation how, std::vector<std::uint8_t>& out) {
  const std::int64_t bytes = box.width * channels, in_bytes = in_width * channels;
  const Weights vertical = weights(how, in_height, height, box.y, box.height);
  const bool as_high = in_height == height;
  const std::int64_t top = as_high ? box.y : vertical.first.front(),
                     bottom = as_high ? box.y + box.height : vertical.first.back() + vertical.count.back();
  // As many bytes beyond the end as a vector may read or write.
  std::vector<std::uint8_t> rows(std::size_t((bottom - top) * bytes + 32));
  if (in_width == width) {
    for (std::int64_t y = top; y < bottom; ++y)
      std::memcpy(rows.data() + (y - top) * bytes, data + y * row + box.x * channels, std::size_t(bytes));
  } else {
    const Weights horizontal = weights(how, in_width, width, box.x, box.width);
    // A row is read a little beyond its end: into the next one, or, where there is none, in a copy with room behind it.
    std::vector<std::uint8_t> padded(std::size_t(in_bytes + 32));
    for (std::int64_t y = top; y < bottom; ++y) {
      const std::uint8_t* from = data + y * row;
      if (y == in_height - 1 || row < 16) {
        std::memcpy(padded.data(), from, std::size_t(in_bytes));
        from = padded.data();
      }
      std::uint8_t* to = rows.data() + (y - top) * bytes;
      channels == 3 ? resampling::across_rgb(from, horizontal, to) : resampling::across_one(from, horizontal, to);
    }
  }
  out.resize(std::size_t(box.height * bytes));
  if (as_high) {
    std::memcpy(out.data(), rows.data(), out.size());
    return;
  }
  for (std::int64_t y = 0; y < box.height; ++y)
    resampling::down(rows.data() + (vertical.first[std::size_t(y)] - top) * bytes, bytes, vertical.of(std::size_t(y)),
                     vertical.count[std::size_t(y)], bytes, out.data() + y * bytes);
}

}  // namespace

void resize_part(const PixelView& image, std::int64_t height, std::int64_t width, const Box& box, Interpolation how,
                 std::uint8_t* out) {
  const std::int64_t pixels = box.height * box.width;
  std::vector<std::uint8_t> result;
  if (image.channels == 3 && image.pixel == 3 && image.plane == 1) {
    resize_interleaved(image.data, image.row, 3, image.height, image.width, height, width, box, how, result);
    const std::uint8_t* from = result.data();
    std::uint8_t *red = out, *green = out + pixels, *blue = out + 2 * pixels;
    for (std::int64_t p = 0; p < pixels; ++p) {
      red[p] = from[3 * p];
      green[p] = from[3 * p + 1];
      blue[p] = from[3 * p + 2];
    }
    return;
  }
  std::vector<std::uint8_t> plane;
  for (std::int64_t c = 0; c < image.channels; ++c) {
    const std::uint8_t* data = image.data + c * image.plane;
    std::int64_t row = image.row;
    if (image.pixel != 1) {
      plane.resize(std::size_t(image.height * image.width));
      for (std::int64_t y = 0; y < image.height; ++y)
        for (std::int64_t x = 0; x < image.width; ++x)
          plane[std::size_t(y * image.width + x)] = data[y * image.row + x * image.pixel];
      data = plane.data();
      row = image.width;
    }
    resize_interleaved(data, row, 1, image.height, image.width, height, width, box, how, result);
    std::memcpy(out + c * pixels, result.data(), std::size_t(pixels));
  }
}

}  // namespace cambium
