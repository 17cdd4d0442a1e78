#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "decode.h"

namespace cambium {
namespace {

struct Input {
  Bytes file;
  std::size_t at = 0;
};

int read_input(GifFileType* gif, GifByteType* to, int count) {
  auto& input = *static_cast<Input*>(gif->UserData);
  const std::size_t there = std::min(std::size_t(std::max(count, 0)), input.file.size() - input.at);
  std::memcpy(to, input.file.data() + input.at, there);
  input.at += there;
  return int(there);
}

[[noreturn]] void fail(int code) {
  if (code == D_GIF_ERR_READ_FAILED || code == D_GIF_ERR_EOF_TOO_SOON) damaged("is a GIF image that is cut short");
  const char* what = GifErrorString(code);
  damaged(std::string("is a damaged GIF image: ") + (what ? what : "it makes no sense"));
}

struct Close {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, Close>;

/// Goes on to the next image, its description read. Nothing where there is none. `clear`: the colour that a graphics
/// control extension before it calls transparent.
bool next_image(GifFileType* gif, int& clear) {
  GifRecordType type = UNDEFINED_RECORD_TYPE;
  while (DGifGetRecordType(gif, &type) == GIF_OK && type != TERMINATE_RECORD_TYPE) {
    if (type == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(gif) == GIF_OK;
    int code = 0;
    GifByteType* block = nullptr;
    if (type != EXTENSION_RECORD_TYPE || DGifGetExtension(gif, &code, &block) != GIF_OK) return false;
    if (code == GRAPHICS_EXT_FUNC_CODE && block && block[0] >= 4 && (block[1] & 1) != 0) clear = block[4];
    while (block)
      if (DGifGetExtensionNext(gif, &block) != GIF_OK) return false;
  }
  return false;
}

/// Row `i` that comes of an interlaced image of `height` rows.
std::vector<std::int64_t> row_order(std::int64_t height, bool interlaced) {
  std::vector<std::int64_t> order;
  constexpr std::array<std::pair<int, int>, 4> kPasses = {{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  if (!interlaced)
    for (std::int64_t y = 0; y < height; ++y) order.push_back(y);
  else
    for (const auto& [first, step] : kPasses)
      for (std::int64_t y = first; y < height; y += step) order.push_back(y);
  return order;
}

}  // namespace

bool is_gif(Bytes file) { return starts(file, "GIF87a") || starts(file, "GIF89a"); }

Picture decode_gif(Bytes file, const DecodeOptions& how) {
  Input input{file};
  int code = 0;
  const Gif gif(DGifOpen(&input, read_input, &code));
  if (!gif) fail(code);
  int clear = -1;
  if (!next_image(gif.get(), clear)) {
    if (gif->Error != 0) fail(gif->Error);
    damaged("is a GIF file without an image");
  }
  const GifImageDesc frame = gif->Image;  // its first frame, on a canvas that holds it
  const std::int64_t height = std::max<std::int64_t>(gif->SHeight, frame.Top + frame.Height),
                     width = std::max<std::int64_t>(gif->SWidth, frame.Left + frame.Width);
  check_size(height, width);
  if (how.head_only) return {};
  const ColorMapObject* colours = frame.ColorMap ? frame.ColorMap : gif->SColorMap;
  Palette palette = grey_palette();
  for (int i = 0; colours && i < std::min(colours->ColorCount, 256); ++i)
    palette[std::size_t(i)] = {colours->Colors[i].Red, colours->Colors[i].Green, colours->Colors[i].Blue};
  const auto put = [&](std::uint8_t* to, int number) { std::copy_n(palette[std::size_t(number)].data(), 3, to); };
  at::Tensor image = canvas(height, width);
  auto* pixels = image.data_ptr<std::uint8_t>();
  for (std::int64_t p = 0; p < height * width; ++p) put(pixels + 3 * p, std::max(clear, 0) & 255);
  std::vector<GifPixelType> line(std::size_t(frame.Width));
  for (const std::int64_t y : row_order(frame.Height, frame.Interlace)) {
    if (DGifGetLine(gif.get(), line.data(), frame.Width) != GIF_OK) fail(gif->Error);
    for (std::int64_t x = 0; x < frame.Width; ++x)
      put(pixels + 3 * ((frame.Top + y) * width + frame.Left + x), line[std::size_t(x)]);
  }
  Picture picture = picture_of(image);
  picture.more = next_image(gif.get(), clear);
  return picture;
}

}  // namespace cambium
