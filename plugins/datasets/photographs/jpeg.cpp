#include <ATen/ops/empty.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "decode.h"

namespace cambium {
namespace {

/// One decompressor a thread: making one costs as much as decoding a small image.
tjhandle decompressor() {
  struct Close {
    void operator()(void* handle) const { tjDestroy(handle); }
  };
  thread_local const std::unique_ptr<void, Close> handle(tjInitDecompress());
  return handle.get();
}

struct Head {
  int width = 0, height = 0, sampling = 0, colours = 0;
};

Head head_of(Bytes file) {
  Head head;
  const int state = tjDecompressHeader3(decompressor(), file.data(), file.size(), &head.width, &head.height,
                                        &head.sampling, &head.colours);
  if (state != 0 && (head.width == 0 || tjGetErrorCode(decompressor()) == TJERR_FATAL))
    damaged(std::string("is a damaged JPEG image: ") + tjGetErrorStr2(decompressor()));
  if (head.width == 0) damaged("is a JPEG file without an image");
  check_size(head.height, head.width);
  return head;
}

/// Whether a JPEG file's data ends before its image: the decoder then fills up with grey, and Pillow refuses.
bool cut_short(Bytes file, const std::string& warning) {
  if (warning.find("Premature end") != std::string::npos) return true;
  constexpr std::array<std::uint8_t, 2> kEnd = {0xff, 0xd9};
  return std::find_end(file.begin(), file.end(), kEnd.begin(), kEnd.end()) == file.end();
}

void decompress(Bytes file, std::uint8_t* pixels, const Head& head, int format) {
  if (tjDecompress2(decompressor(), file.data(), file.size(), pixels, head.width, 0, head.height, format, 0) == 0)
    return;
  const std::string what = tjGetErrorStr2(decompressor());
  if (tjGetErrorCode(decompressor()) == TJERR_FATAL) damaged("is a damaged JPEG image: " + what);
  if (cut_short(file, what)) damaged("is a JPEG image that is cut short");
}

/// a * b / 255, rounded, as Pillow has it.
int scaled(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

}  // namespace

bool is_jpeg(Bytes file) { return file.size() >= 3 && file[0] == 0xff && file[1] == 0xd8 && file[2] == 0xff; }

ImageSize jpeg_size(Bytes file) {
  const Head head = head_of(file);
  return {head.height, head.width};
}

at::Tensor decode_jpeg(Bytes file) {
  const Head head = head_of(file);
  const std::int64_t height = head.height, width = head.width;
  at::Tensor image = at::empty({height, width, 3}, at::kByte);
  auto* to = image.data_ptr<std::uint8_t>();
  if (head.colours != TJCS_CMYK && head.colours != TJCS_YCCK) {
    decompress(file, to, head, TJPF_RGB);
  } else {
    // Inks are stored inverted, as Adobe does it and Pillow takes for granted.
    at::Tensor inks = at::empty({height, width, 4}, at::kByte);
    decompress(file, inks.data_ptr<std::uint8_t>(), head, TJPF_CMYK);
    const auto* from = inks.data_ptr<std::uint8_t>();
    for (std::int64_t p = 0; p < height * width; ++p, from += 4)
      for (int c = 0; c < 3; ++c) *to++ = std::uint8_t(std::max(0, from[3] - scaled(255 - from[c], from[3])));
  }
  return image.permute({2, 0, 1});
}

}  // namespace cambium
