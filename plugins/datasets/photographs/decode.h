#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {

using Bytes = std::span<const std::uint8_t>;

struct DecodeOptions {
  bool exif = false;       ///< turned upright as the EXIF orientation says
  int grey_bits = 16;      ///< of grey images of more than 8 bits: the bits in use, of which the upper 8 are taken
  bool head_only = false;  ///< only whether it is a picture of a size that is believed: no pixels
};

/// What an image file holds.
struct Picture {
  at::Tensor pixels;      ///< uint8 [3, H, W], strided as they come (pixel by pixel)
  bool more = false;      ///< the file holds further frames or pages, which are not read
  int grey_greatest = 0;  ///< of grey images of more than 8 bits: the greatest value of a pixel
};

/// What Pillow's open(...).convert("RGB") gives, bit for bit, but for grey of more than 8 bits, which Pillow cuts off
/// at 255. The format is told by the first bytes. Throws Error{Data} that says what is wrong, without the file's name.
Picture decode_image(Bytes file, const DecodeOptions& how);

/// "JPEG", "PNG", ..., by the first 32 bytes, of the formats that are read; else empty.
std::string_view format_of(Bytes file);

/// The formats. Each says by its first bytes whether a file is one.
bool is_jpeg(Bytes file);
Picture decode_jpeg(Bytes file, const DecodeOptions& how);
bool is_png(Bytes file);
Picture decode_png(Bytes file, const DecodeOptions& how);
bool is_webp(Bytes file);
Picture decode_webp(Bytes file, const DecodeOptions& how);
bool is_gif(Bytes file);
Picture decode_gif(Bytes file, const DecodeOptions& how);
bool is_bmp(Bytes file);
Picture decode_bmp(Bytes file, const DecodeOptions& how);
bool is_tiff(Bytes file);
Picture decode_tiff(Bytes file, const DecodeOptions& how);
bool is_ppm(Bytes file);
Picture decode_ppm(Bytes file, const DecodeOptions& how);

/// The orientation that a JPEG's, PNG's or WebP's EXIF block gives, 1 to 8; 1 where it gives none.
int exif_orientation(Bytes file);
/// [3, H, W] turned upright: what each orientation asks for (CIPA DC-008, 4.6.4).
at::Tensor upright(at::Tensor image, int orientation);

/// Throws Error{Data}.
[[noreturn]] void damaged(const std::string& what);
/// The same for what is sound, and not read.
[[noreturn]] void not_read(const std::string& what);
/// Throws for a size that no photograph has: more than 178,956,970 pixels, where Pillow too suspects a bomb.
void check_size(std::int64_t height, std::int64_t width);

/// What decoders share.
bool starts(Bytes file, std::string_view with, std::size_t at = 0);
/// A colour for each number.
using Palette = std::array<std::array<std::uint8_t, 3>, 256>;
/// Numbers as grey levels, which Pillow has beyond the end of a palette.
Palette grey_palette();
/// uint8 [H, W, 3], to be filled.
at::Tensor canvas(std::int64_t height, std::int64_t width);
/// [H, W, 3] as a picture.
Picture picture_of(const at::Tensor& canvas);
/// Grey of more than 8 bits.
Picture deep_grey(const std::vector<std::uint16_t>& levels, std::int64_t height, std::int64_t width,
                  const DecodeOptions& how);
/// Cyan, magenta, yellow and black, 255 being full ink, as red, green and blue: Pillow's arithmetic.
void put_inks(const std::uint8_t* inks, std::uint8_t* rgb);

}  // namespace cambium
