#include <ATen/ops/empty.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include "decode.h"

namespace cambium {
namespace {

/// libpng's state for one file. Its errors come back by longjmp to where setjmp was called: no object with a destructor
/// may be made between the two.
struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Bytes file;
  std::size_t at = 0;
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
    if (count > self->file.size() - self->at) png_error(png, "it is cut short");
    std::memcpy(to, self->file.data() + self->at, count);
    self->at += count;
  }
  bool read_head() {
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_info(png, info);
    return true;
  }
  bool read_rows(std::vector<png_bytep>& rows) {
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
    return true;
  }
  bool begin_rows() {
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
  }
};

void read_head(Reader& reader) {
  if (!reader.read_head()) damaged("is a damaged PNG image: " + reader.error);
  check_size(png_get_image_height(reader.png, reader.info), png_get_image_width(reader.png, reader.info));
}

/// Everything becomes RGB of 8 bits, as Pillow's convert("RGB") makes it: alpha and transparent colours are left out,
/// not blended; colours of 16 bits lose their lower 8.
void set_transforms(Reader& reader) {
  const int type = png_get_color_type(reader.png, reader.info), depth = png_get_bit_depth(reader.png, reader.info);
  if (depth == 16 && type != PNG_COLOR_TYPE_GRAY) png_set_strip_16(reader.png);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reader.png);
  if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(reader.png);
  png_set_strip_alpha(reader.png);
}

}  // namespace

bool is_png(Bytes file) { return file.size() >= 8 && png_sig_cmp(file.data(), 0, 8) == 0; }

ImageSize png_size(Bytes file) {
  Reader reader(file);
  read_head(reader);
  return {std::int64_t(png_get_image_height(reader.png, reader.info)),
          std::int64_t(png_get_image_width(reader.png, reader.info))};
}

at::Tensor decode_png(Bytes file) {
  Reader reader(file);
  read_head(reader);
  set_transforms(reader);
  if (!reader.begin_rows()) damaged("is a damaged PNG image: " + reader.error);
  const std::int64_t height = png_get_image_height(reader.png, reader.info),
                     width = png_get_image_width(reader.png, reader.info);
  const auto row = std::int64_t(png_get_rowbytes(reader.png, reader.info));
  at::Tensor image = at::empty({height, width, 3}, at::kByte);
  auto* to = image.data_ptr<std::uint8_t>();
  std::vector<std::uint8_t> other;  // what is not yet three bytes a pixel
  const bool rgb = row == width * 3;
  if (!rgb) other.resize(std::size_t(row * height));
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < height; ++y) rows.push_back((rgb ? to : other.data()) + y * row);
  if (!reader.read_rows(rows)) damaged("is a damaged PNG image: " + reader.error);
  if (!rgb) {
    const std::int64_t bytes = row / width;  // 1, or 2 for grey of 16 bits, highest byte first
    for (std::int64_t p = 0; p < height * width; ++p) {
      const std::uint8_t* from = other.data() + p * bytes;
      // Pillow reads grey of 16 bits as whole numbers, and cuts them off at 255.
      const std::uint8_t grey = bytes == 2 && from[0] != 0 ? 255 : from[bytes - 1];
      std::fill_n(to + 3 * p, 3, grey);
    }
  }
  return image.permute({2, 0, 1});
}

}  // namespace cambium
