#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cambium {

using Bytes = std::span<const std::uint8_t>;

/// An image file's bytes as uint8 [3, H, W], strided as they come (pixel by pixel): what Pillow's
/// open(...).convert("RGB") gives, bit for bit. JPEG and PNG, told by their first bytes. `exif`: turned upright as its
/// EXIF tag says. Throws Error{Data} that says what is wrong, without the file's name.
at::Tensor decode_image(Bytes file, bool exif);

/// Its height and width, from its head alone; before it is turned. Throws likewise.
struct ImageSize {
  std::int64_t height = 0, width = 0;
};
ImageSize image_size(Bytes file);

/// The two formats.
bool is_jpeg(Bytes file);
at::Tensor decode_jpeg(Bytes file);
ImageSize jpeg_size(Bytes file);
bool is_png(Bytes file);
at::Tensor decode_png(Bytes file);
ImageSize png_size(Bytes file);

/// The orientation that a JPEG's or PNG's EXIF block gives, 1 to 8; 1 where it gives none.
int exif_orientation(Bytes file);

/// Throws Error{Data}.
[[noreturn]] void damaged(const std::string& what);
/// Throws for a size that no photograph has: more than 178,956,970 pixels, where Pillow too suspects a bomb.
void check_size(std::int64_t height, std::int64_t width);

}  // namespace cambium
