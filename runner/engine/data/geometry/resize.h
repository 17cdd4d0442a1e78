#pragma once

#include <cstdint>

namespace cambium {

/// Where the bytes of an image lie: channel c of the pixel at (x, y) is data[c * plane + y * row + x * pixel].
struct PixelView {
  const std::uint8_t* data = nullptr;
  std::int64_t channels = 0, height = 0, width = 0;
  std::int64_t plane = 0, row = 0, pixel = 0;

  /// The rectangle of `h` x `w` pixels whose upper left corner is (x, y).
  PixelView part(std::int64_t y, std::int64_t x, std::int64_t h, std::int64_t w) const {
    return {data + y * row + x * pixel, channels, h, w, plane, row, pixel};
  }
};

/// A rectangle of pixels.
struct Box {
  std::int64_t y = 0, x = 0, height = 0, width = 0;
};

enum class Interpolation {
  Bilinear,  ///< a triangle as wide as the scale
  Bicubic,   ///< Keys' kernel (1981) with a = -0.5, twice as wide
};

/// The part `box` of `image` resized to `height` x `width`, into `out`, [C, box.height, box.width].
///
/// As Pillow's Image.resize does it, bit for bit: antialiased, weights rounded to 22 bits, rows first and rounded to
/// bytes, columns then. Only what `box` needs is computed.
void resize_part(const PixelView& image, std::int64_t height, std::int64_t width, const Box& box, Interpolation how,
                 std::uint8_t* out);

}  // namespace cambium
