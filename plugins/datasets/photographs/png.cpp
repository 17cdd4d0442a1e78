#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include "decode.h"

namespace cambium {
namespace {

/// Rows in which libpng finds pixels: all, or those of the seven passes.
std::int64_t rows_of(std::uint32_t height, std::uint32_t width, bool interlaced) {
  if (!interlaced) return height;
  std::int64_t rows = 0;
  for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass)
    if (PNG_PASS_COLS(width, pass) > 0) rows += PNG_PASS_ROWS(height, pass);
  return rows;
}

/// libpng's state for one file. Its errors come back by longjmp to where setjmp was called: no object with a destructor
/// may be made between the two.
struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Bytes file;
  std::size_t at = 0;
  std::int64_t rows_left = 0;  ///< that are not yet there
  bool ended = false;          ///< the file's bytes ran out
  std::string error;

  explicit Reader(Bytes bytes) : file(bytes) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, failed, [](png_structp, png_const_charp) {});
    info = png ? png_create_info_struct(png) : nullptr;
    if (!info) damaged("cannot be read: there is no memory for it");
    png_set_read_fn(png, this, read);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);  // check_size() has a limit of its own
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[noreturn]] static void failed(png_structp png, png_const_charp message) {
    static_cast<Reader*>(png_get_error_ptr(png))->error = message;
    png_longjmp(png, 1);
  }
  static void read(png_structp png, png_bytep to, std::size_t count) {
    auto* self = static_cast<Reader*>(png_get_io_ptr(png));
    if (count > self->file.size() - self->at) {
      self->ended = true;
      png_error(png, "it is cut short");
    }
    std::memcpy(to, self->file.data() + self->at, count);
    self->at += count;
  }
  bool read_head() {
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_info(png, info);
    return true;
  }
  /// What comes after the rows is not read. A file that ends between its last row and its end marker has its image
  /// whole, and Pillow reads it.
  bool read_rows(std::vector<png_bytep>& rows) {
    if (setjmp(png_jmpbuf(png))) return ended && rows_left <= 0;
    png_read_image(png, rows.data());
    return true;
  }
  bool begin_rows() {
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_interlace_handling(png);
    png_set_read_user_transform_fn(
        png, [](png_structp of, png_row_infop, png_bytep) { --static_cast<Reader*>(png_get_io_ptr(of))->rows_left; });
    rows_left = rows_of(png_get_image_height(png, info), png_get_image_width(png, info),
                        png_get_interlace_type(png, info) != PNG_INTERLACE_NONE);
    png_read_update_info(png, info);
    return true;
  }
};

/// Whether the file is an animation, by its acTL chunk: how many frames it has.
bool is_animated(Bytes file) {
  for (std::size_t at = 8; at + 12 <= file.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | file[at + i];
    if (starts(file, "IDAT", at + 4) || length > file.size() - at - 12) return false;
    if (starts(file, "acTL", at + 4) && length >= 4) return !starts(file, std::string_view("\0\0\0\1", 4), at + 8);
    at += 12 + length;
  }
  return false;
}

void read_head(Reader& reader) {
  if (!reader.read_head()) damaged("is a damaged PNG image: " + reader.error);
  check_size(png_get_image_height(reader.png, reader.info), png_get_image_width(reader.png, reader.info));
}

/// Everything becomes RGB of 8 bits, as Pillow's convert("RGB") makes it: alpha and transparent colours are left out,
/// not blended; colours of 16 bits lose their lower 8. A palette's numbers stay numbers, a byte each.
void set_transforms(Reader& reader) {
  const int type = png_get_color_type(reader.png, reader.info), depth = png_get_bit_depth(reader.png, reader.info);
  if (depth == 16 && type != PNG_COLOR_TYPE_GRAY) png_set_strip_16(reader.png);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_packing(reader.png);
  if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(reader.png);
  png_set_strip_alpha(reader.png);
}

/// The colours of the image's palette; numbers beyond it are grey levels. One that has none: grey levels.
Palette palette_of(Reader& reader) {
  Palette palette = grey_palette();
  png_colorp colours = nullptr;
  int count = 0;
  if (png_get_color_type(reader.png, reader.info) == PNG_COLOR_TYPE_PALETTE &&
      png_get_PLTE(reader.png, reader.info, &colours, &count) != 0)
    for (std::size_t i = 0; i < std::size_t(count); ++i)
      palette[i] = {colours[i].red, colours[i].green, colours[i].blue};
  return palette;
}

}  // namespace

bool is_png(Bytes file) { return file.size() >= 8 && png_sig_cmp(file.data(), 0, 8) == 0; }

Picture decode_png(Bytes file, const DecodeOptions& how) {
  Reader reader(file);
  read_head(reader);
  if (how.head_only) return {};
  set_transforms(reader);
  if (!reader.begin_rows()) damaged("is a damaged PNG image: " + reader.error);
  const std::int64_t height = png_get_image_height(reader.png, reader.info),
                     width = png_get_image_width(reader.png, reader.info);
  const auto row = std::int64_t(png_get_rowbytes(reader.png, reader.info));
  at::Tensor image = canvas(height, width);
  auto* to = image.data_ptr<std::uint8_t>();
  std::vector<std::uint8_t> grey;  // or a palette's numbers: 1 byte a pixel, or 2, highest first
  if (row != width * 3) grey.resize(std::size_t(row * height));
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < height; ++y) rows.push_back((grey.empty() ? to : grey.data()) + y * row);
  if (!reader.read_rows(rows)) damaged("is a damaged PNG image: " + reader.error);
  Picture picture = picture_of(image);
  if (!grey.empty() && row == width * 2) {
    std::vector<std::uint16_t> levels(std::size_t(height * width));
    for (std::size_t p = 0; p < levels.size(); ++p) levels[p] = std::uint16_t(grey[2 * p] << 8 | grey[2 * p + 1]);
    picture = deep_grey(levels, height, width, how);
  } else {
    const Palette palette = palette_of(reader);
    for (const std::uint8_t number : grey) to = std::copy_n(palette[number].data(), 3, to);
  }
  picture.more = is_animated(file);
  return picture;
}

}  // namespace cambium
