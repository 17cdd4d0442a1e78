#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "decode.h"

namespace cambium {
namespace {

/// A RIFF container says how long it is.
bool is_cut_short(Bytes file) {
  std::uint64_t length = 8;
  for (std::size_t i = 0; i < 4; ++i) length += std::uint64_t(file[4 + i]) << (8 * i);
  return length > file.size();
}

[[noreturn]] void fail(Bytes file) {
  damaged(is_cut_short(file) ? "is a WebP image that is cut short" : "is a damaged WebP image");
}

}  // namespace

bool is_webp(Bytes file) { return starts(file, "RIFF") && starts(file, "WEBP", 8); }

Picture decode_webp(Bytes file, const DecodeOptions& how) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK) fail(file);
  check_size(features.height, features.width);
  if (how.head_only) return {};
  // What Pillow reads all of them with: the first frame on a canvas that is clear and black.
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) fail(file);
  options.color_mode = MODE_RGBA;
  options.use_threads = 0;
  const WebPData data = {file.data(), file.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, &options),
                                                                                   WebPAnimDecoderDelete);
  WebPAnimInfo info;
  std::uint8_t* pixels = nullptr;
  int time = 0;
  if (!decoder || !WebPAnimDecoderGetInfo(decoder.get(), &info) ||
      !WebPAnimDecoderGetNext(decoder.get(), &pixels, &time))
    fail(file);
  const std::int64_t height = info.canvas_height, width = info.canvas_width;
  at::Tensor image = canvas(height, width);
  auto* to = image.data_ptr<std::uint8_t>();
  for (std::int64_t p = 0; p < height * width; ++p, pixels += 4, to += 3) std::copy_n(pixels, 3, to);
  Picture picture = picture_of(image);
  picture.more = info.frame_count > 1;
  return picture;
}

}  // namespace cambium
