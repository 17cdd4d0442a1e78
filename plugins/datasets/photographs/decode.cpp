#include "decode.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cambium/error.h"

namespace cambium {
namespace {

constexpr std::int64_t kMostPixels = 178'956'970;

struct Format {
  const char* name;
  bool (*is)(Bytes);
  Picture (*decode)(Bytes, const DecodeOptions&);
};
constexpr std::array<Format, 7> kFormats = {{{"JPEG", is_jpeg, decode_jpeg},
                                             {"PNG", is_png, decode_png},
                                             {"WebP", is_webp, decode_webp},
                                             {"GIF", is_gif, decode_gif},
                                             {"BMP", is_bmp, decode_bmp},
                                             {"TIFF", is_tiff, decode_tiff},
                                             {"PPM", is_ppm, decode_ppm}}};

const Format* find_format(Bytes file) {
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& format) { return format.is(file); });
  return found == kFormats.end() ? nullptr : &*found;
}

/// A format that is known and not read, by bytes at a place.
struct Unread {
  std::size_t at;
  std::string_view bytes;
  const char* name;
};
using namespace std::string_view_literals;
constexpr std::array kUnread = {
    Unread{4, "ftyphei"sv, "a HEIC"},
    Unread{4, "ftyphev"sv, "a HEIC"},
    Unread{4, "ftypmif1"sv, "a HEIF"},
    Unread{4, "ftypmsf1"sv, "a HEIF"},
    Unread{4, "ftypavi"sv, "an AVIF"},
    Unread{4, "jP  "sv, "a JPEG 2000"},
    Unread{0, "\xff\x4f\xff\x51"sv, "a JPEG 2000"},
    Unread{4, "JXL "sv, "a JPEG XL"},
    Unread{0, "\xff\x0a"sv, "a JPEG XL"},
    Unread{0, "8BPS"sv, "a Photoshop (PSD)"},
    Unread{0, "<svg"sv, "an SVG"},
    Unread{0, "\0\0\1\0"sv, "an icon (ICO)"},
    Unread{0, "P7\n"sv, "a PAM"},
    Unread{0, "PF\n"sv, "a PFM"},
    Unread{0, "Pf\n"sv, "a PFM"},
    Unread{0, "\x76\x2f\x31\x01"sv, "an OpenEXR"},
    Unread{0, "#?RADIANCE"sv, "a Radiance HDR"},
    Unread{0, "SIMPLE  ="sv, "a FITS"},
    Unread{128, "DICM"sv, "a DICOM"},
};

/// What else is found where an image should be.
[[noreturn]] void no_image(Bytes file) {
  if (file.empty()) damaged("holds no bytes");
  if (starts(file, "version https://git-lfs.github.com/spec/"))
    throw Error(ErrorKind::Data, "is a Git LFS pointer, not the image itself", "fetch the images: git lfs pull");
  if (starts(file, "/annex/objects/"))
    throw Error(ErrorKind::Data, "is a git-annex pointer, not the image itself", "fetch the images: git annex get");
  for (const Unread& format : kUnread)
    if (starts(file, format.bytes, format.at)) not_read(fmt::format("is {} image", format.name));
  const std::string_view text(reinterpret_cast<const char*>(file.data()), std::min<std::size_t>(file.size(), 1024));
  if (text.find("<svg") != text.npos) not_read("is an SVG image");
  if (text.find("<html") != text.npos || text.find("<HTML") != text.npos || text.find("<!DOCTYPE html") != text.npos)
    damaged("is a web page, not an image: what a server answers in place of a file");
  if (std::all_of(file.begin(), file.end(), [](std::uint8_t byte) { return byte == 0; }))
    damaged("holds nothing but zeros: a download or a copy that did not end");
  damaged("is no image of a format that is read: JPEG, PNG, WebP, GIF, BMP, TIFF or PPM");
}

}  // namespace

bool starts(Bytes file, std::string_view with, std::size_t at) {
  return file.size() >= at + with.size() && std::memcmp(file.data() + at, with.data(), with.size()) == 0;
}

at::Tensor upright(at::Tensor image, int orientation) {
  if (orientation >= 5) image = image.transpose(1, 2);
  const bool flip_rows = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  const bool flip_columns = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  if (flip_rows) image = image.flip({1});
  if (flip_columns) image = image.flip({2});
  return image;
}

void damaged(const std::string& what) {
  throw Error(ErrorKind::Data, what, "fetch the file again, take it away, or set on_error = \"skip\"");
}

void not_read(const std::string& what) {
  throw Error(ErrorKind::Data, what + ", which is not read", "convert it to JPEG or PNG, or set on_error = \"skip\"");
}

void check_size(std::int64_t height, std::int64_t width) {
  if (height <= 0 || width <= 0) damaged("has no pixels");
  if (width > kMostPixels / height)
    damaged(fmt::format("says that it is {} x {} pixels large, more than are believed", width, height));
}

Palette grey_palette() {
  Palette palette;
  for (std::size_t i = 0; i < palette.size(); ++i) palette[i].fill(std::uint8_t(i));
  return palette;
}

at::Tensor canvas(std::int64_t height, std::int64_t width) { return at::empty({height, width, 3}, at::kByte); }

Picture picture_of(const at::Tensor& canvas) { return {canvas.permute({2, 0, 1})}; }

Picture deep_grey(const std::vector<std::uint16_t>& levels, std::int64_t height, std::int64_t width,
                  const DecodeOptions& how) {
  const at::Tensor image = canvas(height, width);
  auto* to = image.data_ptr<std::uint8_t>();
  const int shift = std::max(0, how.grey_bits - 8);
  Picture picture = picture_of(image);
  for (const std::uint16_t level : levels) {
    picture.grey_greatest = std::max<int>(picture.grey_greatest, level);
    to = std::fill_n(to, 3, std::uint8_t(std::min(255, level >> shift)));
  }
  return picture;
}

void put_inks(const std::uint8_t* inks, std::uint8_t* rgb) {
  const int white = 255 - inks[3];
  for (int c = 0; c < 3; ++c) {
    const int product = inks[c] * white + 128;  // inks[c] * white / 255, rounded
    rgb[c] = std::uint8_t(std::max(0, white - (((product >> 8) + product) >> 8)));
  }
}

std::string_view format_of(Bytes file) {
  const Format* format = find_format(file);
  return format ? format->name : std::string_view();
}

Picture decode_image(Bytes file, const DecodeOptions& how) {
  const Format* format = find_format(file);
  if (!format) no_image(file);
  Picture picture = format->decode(file, how);
  if (how.exif && picture.pixels.defined()) picture.pixels = upright(std::move(picture.pixels), exif_orientation(file));
  return picture;
}

}  // namespace cambium
