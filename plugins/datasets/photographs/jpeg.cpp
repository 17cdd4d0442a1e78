#include <cstdio>
// jpeglib.h wants stdio before it.
#include <ATen/ops/empty.h>
#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <string>
#include <vector>

#include "decode.h"

namespace cambium {
namespace {

/// More scans than any encoder writes, each of which costs as much as the image.
constexpr int kMostScans = 500;

/// libjpeg's state for one file, and no other: what an image leaves behind (tables, a half-read marker) must not reach
/// the next. Its errors come back by longjmp to where setjmp was called: no object with a destructor may be made
/// between the two.
struct Reader {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};
  std::jmp_buf back{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  bool ended = false;  ///< the file's bytes ran out before its image

  explicit Reader(Bytes file) {
    jpeg.err = jpeg_std_error(&errors);
    errors.error_exit = [](j_common_ptr info) {
      Reader& self = of(info);
      info->err->format_message(info, self.message.data());
      std::longjmp(self.back, 1);
    };
    errors.emit_message = [](j_common_ptr, int) {};  // as Pillow has it: what can be read is read
    jpeg.client_data = this;
    jpeg_create_decompress(&jpeg);
    source.next_input_byte = file.data();
    source.bytes_in_buffer = file.size();
    source.init_source = source.term_source = [](j_decompress_ptr) {};
    source.fill_input_buffer = [](j_decompress_ptr info) -> boolean { stop(of(reinterpret_cast<j_common_ptr>(info))); };
    source.skip_input_data = [](j_decompress_ptr info, long count) {
      if (count <= 0) return;
      if (std::size_t(count) > info->src->bytes_in_buffer) stop(of(reinterpret_cast<j_common_ptr>(info)));
      info->src->next_input_byte += count;
      info->src->bytes_in_buffer -= std::size_t(count);
    };
    source.resync_to_restart = jpeg_resync_to_restart;
    jpeg.src = &source;
    progress.progress_monitor = [](j_common_ptr info) {
      if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
      std::snprintf(of(info).message.data(), JMSG_LENGTH_MAX, "more than %d scans", kMostScans);
      std::longjmp(of(info).back, 1);
    };
    jpeg.progress = &progress;
  }
  ~Reader() { jpeg_destroy_decompress(&jpeg); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  static Reader& of(j_common_ptr info) { return *static_cast<Reader*>(info->client_data); }
  [[noreturn]] static void stop(Reader& self) {
    self.ended = true;
    std::longjmp(self.back, 1);
  }

  bool read_head() {
    if (setjmp(back)) return false;
    jpeg_read_header(&jpeg, TRUE);
    return true;
  }
  bool read_rows(std::uint8_t* pixels, std::size_t row) {
    if (setjmp(back)) return false;
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW to = pixels + jpeg.output_scanline * row;
      jpeg_read_scanlines(&jpeg, &to, 1);
    }
    jpeg_finish_decompress(&jpeg);
    return true;
  }
  [[noreturn]] void fail() const {
    if (ended) damaged("is a JPEG image that is cut short");
    damaged(std::string("is a damaged JPEG image: ") + message.data());
  }
};

}  // namespace

bool is_jpeg(Bytes file) { return starts(file, "\xff\xd8\xff"); }

Picture decode_jpeg(Bytes file, const DecodeOptions& how) {
  Reader reader(file);
  if (!reader.read_head()) reader.fail();
  const std::int64_t height = reader.jpeg.image_height, width = reader.jpeg.image_width;
  check_size(height, width);
  if (how.head_only) return {};
  at::Tensor image = canvas(height, width);
  auto* to = image.data_ptr<std::uint8_t>();
  if (reader.jpeg.num_components != 4) {
    reader.jpeg.out_color_space = JCS_RGB;
    if (!reader.read_rows(to, std::size_t(width) * 3)) reader.fail();
  } else {
    // Inks are stored inverted, as Adobe does it and Pillow takes for granted.
    reader.jpeg.out_color_space = JCS_CMYK;
    std::vector<std::uint8_t> inks(std::size_t(height * width) * 4);
    if (!reader.read_rows(inks.data(), std::size_t(width) * 4)) reader.fail();
    for (std::uint8_t& ink : inks) ink = std::uint8_t(255 - ink);
    for (std::size_t p = 0; p < inks.size(); p += 4, to += 3) put_inks(inks.data() + p, to);
  }
  return picture_of(image);
}

}  // namespace cambium
