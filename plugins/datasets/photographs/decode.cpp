#include "decode.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <cstring>

#include "cambium/error.h"

namespace cambium {
namespace {

constexpr std::int64_t kMostPixels = 178'956'970;

bool starts(Bytes file, std::string_view with, std::size_t at = 0) {
  return file.size() >= at + with.size() && std::memcmp(file.data() + at, with.data(), with.size()) == 0;
}

[[noreturn]] void unknown_format(Bytes file) {
  if (file.empty()) damaged("holds no bytes");
  std::string_view format;
  if (starts(file, "GIF8")) format = "a GIF";
  if (starts(file, "BM")) format = "a BMP";
  if (starts(file, "RIFF") && starts(file, "WEBP", 8)) format = "a WebP";
  if (starts(file, "II*\0") || starts(file, "MM\0*")) format = "a TIFF";
  if (!format.empty())
    throw Error(ErrorKind::Data, fmt::format("is {} image, which is not read", format), "convert it to JPEG or PNG");
  damaged("is no JPEG and no PNG image");
}

/// Turned upright: what each EXIF orientation asks for (CIPA DC-008, 4.6.4).
at::Tensor upright(at::Tensor image, int orientation) {
  if (orientation >= 5) image = image.transpose(1, 2);
  const bool flip_rows = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  const bool flip_columns = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  if (flip_rows) image = image.flip({1});
  if (flip_columns) image = image.flip({2});
  return image;
}

}  // namespace

void damaged(const std::string& what) {
  throw Error(ErrorKind::Data, what, "fetch the file again, take it away, or set on_error = \"skip\"");
}

void check_size(std::int64_t height, std::int64_t width) {
  if (height <= 0 || width <= 0) damaged("has no pixels");
  if (height * width > kMostPixels)
    damaged(fmt::format("says that it is {} x {} pixels large, more than are believed", width, height));
}

ImageSize image_size(Bytes file) {
  if (is_jpeg(file)) return jpeg_size(file);
  if (is_png(file)) return png_size(file);
  unknown_format(file);
}

at::Tensor decode_image(Bytes file, bool exif) {
  at::Tensor image;
  if (is_jpeg(file))
    image = decode_jpeg(file);
  else if (is_png(file))
    image = decode_png(file);
  else
    unknown_format(file);
  return exif ? upright(std::move(image), exif_orientation(file)) : image;
}

}  // namespace cambium
