#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "decode.h"

namespace cambium {
namespace {

constexpr std::uint32_t kRaw = 0, kRle8 = 1, kRle4 = 2, kBitfields = 3;

std::uint32_t number(Bytes file, std::size_t at, std::size_t bytes) {
  if (at > file.size() || bytes > file.size() - at) damaged("is a BMP image that is cut short");
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= std::uint32_t(file[at + i]) << (8 * i);
  return value;
}

/// Where a colour lies in a pixel of 16, 24 or 32 bits.
struct Channel {
  std::uint32_t mask = 0;
  std::uint8_t of(std::uint32_t pixel) const {
    if (mask == 0) return 0;
    const int shift = __builtin_ctz(mask);
    const std::uint32_t most = mask >> shift, value = (pixel & mask) >> shift;
    return std::uint8_t(most == 255 ? value : value * 255 / most);
  }
};

struct Head {
  std::size_t header = 0, pixels = 0;  ///< bytes of the header; where the pixels begin
  std::int64_t width = 0, height = 0;
  bool downwards = false;  ///< the first row is the uppermost
  std::uint32_t bits = 0, compression = kRaw;
  std::size_t colours = 0, colour_bytes = 4;
  std::array<Channel, 3> channels;
};

/// The layouts of bit fields that Pillow knows.
std::array<Channel, 3> channels_of(Bytes file, const Head& head) {
  using Masks = std::array<std::uint32_t, 3>;
  static constexpr Masks kRgb24 = {0xff0000, 0xff00, 0xff}, kXbgr = {0xff000000, 0xff0000, 0xff00},
                         kRgba = {0xff, 0xff00, 0xff0000}, kRgb16 = {0xf800, 0x7e0, 0x1f},
                         kRgb15 = {0x7c00, 0x3e0, 0x1f};
  Masks masks = head.bits == 16 ? kRgb15 : kRgb24;
  if (head.compression == kBitfields) {
    for (std::size_t c = 0; c < 3; ++c) masks[c] = number(file, 54 + 4 * c, 4);
    if (head.bits == 32 && masks == Masks{0, 0, 0}) masks = kRgb24;
    const bool known = head.bits == 16   ? masks == kRgb16 || masks == kRgb15
                       : head.bits == 24 ? masks == kRgb24
                                         : masks == kRgb24 || masks == kXbgr || masks == kRgba;
    if (!known) not_read("is a BMP image whose bit fields have an unusual layout");
  }
  return {Channel{masks[0]}, Channel{masks[1]}, Channel{masks[2]}};
}

Head head_of(Bytes file) {
  Head head;
  head.pixels = number(file, 10, 4);
  head.header = number(file, 14, 4);
  if (head.header == 12) {
    head.width = number(file, 18, 2);
    head.height = number(file, 20, 2);
    head.bits = number(file, 24, 2);
    head.colour_bytes = 3;
  } else if (head.header == 40 || head.header == 64 || head.header == 108 || head.header == 124) {
    head.width = std::int32_t(number(file, 18, 4));
    head.height = std::int32_t(number(file, 22, 4));
    head.downwards = head.height < 0;
    head.height = std::abs(head.height);
    head.bits = number(file, 28, 2);
    head.compression = number(file, 30, 4);
    head.colours = number(file, 46, 4);
  } else {
    damaged(fmt::format("is a damaged BMP image: no header has {} bytes", head.header));
  }
  check_size(head.height, head.width);
  static constexpr std::array<std::uint32_t, 6> kBits = {1, 4, 8, 16, 24, 32};
  if (std::find(kBits.begin(), kBits.end(), head.bits) == kBits.end())
    damaged(fmt::format("is a damaged BMP image: no pixel has {} bits", head.bits));
  const bool rle = (head.compression == kRle8 && head.bits == 8) || (head.compression == kRle4 && head.bits == 4);
  if (head.compression != kRaw && !rle && (head.compression != kBitfields || head.bits < 16))
    not_read(fmt::format("is a BMP image of compression {}", head.compression));
  if (head.bits >= 16) {
    head.channels = channels_of(file, head);
  } else {
    if (head.colours == 0) head.colours = std::size_t{1} << head.bits;
    if (head.colours > 65536) damaged("is a damaged BMP image: it has too many colours");
  }
  const std::size_t masks = head.compression == kBitfields && head.header == 40 ? 12 : 0;
  const std::size_t behind = 14 + head.header + masks + head.colours * head.colour_bytes;
  // Some encoders forget the colours between header and pixels.
  if (head.pixels == 0 || (head.bits < 16 && head.pixels == 14 + head.header)) head.pixels = behind;
  return head;
}

Palette palette_of(Bytes file, const Head& head) {
  Palette palette = grey_palette();
  for (std::size_t i = 0; i < std::min<std::size_t>(head.colours, palette.size()); ++i)
    for (std::size_t c = 0; c < 3; ++c)
      palette[i][c] = std::uint8_t(number(file, 14 + head.header + i * head.colour_bytes + 2 - c, 1));
  return palette;
}

/// The palette's numbers of a run-length encoded image, a byte each, row by row from the first; what is left out is 0.
std::vector<std::uint8_t> unpacked(Bytes file, const Head& head) {
  const auto width = std::size_t(head.width), all = width * std::size_t(head.height);
  const bool four = head.compression == kRle4;
  std::vector<std::uint8_t> numbers;
  std::size_t at = head.pixels, x = 0;
  while (numbers.size() < all) {
    const std::uint32_t count = number(file, at, 1), value = number(file, at + 1, 1);
    at += 2;
    if (count > 0) {
      const std::size_t fits = std::min<std::size_t>(count, x < width ? width - x : 0);
      for (std::size_t i = 0; i < fits; ++i)
        numbers.push_back(std::uint8_t(!four ? value : i % 2 == 0 ? value >> 4 : value & 15));
      x += fits;
    } else if (value == 0) {  // the end of a row
      numbers.resize((numbers.size() + width - 1) / width * width);
      x = 0;
    } else if (value == 1) {  // the end of the image
      break;
    } else if (value == 2) {  // a jump
      numbers.resize(numbers.size() + number(file, at, 1) + number(file, at + 1, 1) * width);
      at += 2;
      x = numbers.size() % width;
    } else {  // so many as they are
      const std::size_t bytes = four ? value / 2 : value;
      for (std::size_t i = 0; i < bytes; ++i) {
        const std::uint32_t byte = number(file, at + i, 1);
        if (four) numbers.push_back(std::uint8_t(byte >> 4));
        numbers.push_back(std::uint8_t(four ? byte & 15 : byte));
      }
      x += value;
      at += bytes + (at + bytes) % 2;
    }
  }
  if (numbers.size() < all) damaged("is a BMP image that is cut short");
  return numbers;
}

}  // namespace

bool is_bmp(Bytes file) {
  return starts(file, "BM") && file.size() >= 18 && file[15] == 0 && file[16] == 0 && file[17] == 0;
}

Picture decode_bmp(Bytes file, const DecodeOptions& how) {
  const Head head = head_of(file);
  if (how.head_only) return {};
  const std::size_t row = (std::size_t(head.width) * head.bits + 31) / 32 * 4;
  const bool packed = head.compression == kRle8 || head.compression == kRle4;
  if (!packed && (head.pixels > file.size() || file.size() - head.pixels < row * std::size_t(head.height)))
    damaged("is a BMP image that is cut short");
  const std::vector<std::uint8_t> numbers = packed ? unpacked(file, head) : std::vector<std::uint8_t>();
  const Palette palette = head.bits < 16 ? palette_of(file, head) : grey_palette();
  at::Tensor image = canvas(head.height, head.width);
  for (std::int64_t y = 0; y < head.height; ++y) {
    const std::int64_t target = head.downwards ? y : head.height - 1 - y;
    std::uint8_t* to = image.data_ptr<std::uint8_t>() + target * head.width * 3;
    const std::size_t line = head.pixels + std::size_t(y) * row;
    for (std::int64_t i = 0; i < head.width; ++i, to += 3) {
      const auto x = std::size_t(i);
      if (head.bits >= 16) {
        const std::uint32_t pixel = number(file, line + x * head.bits / 8, head.bits / 8);
        for (std::size_t c = 0; c < 3; ++c) to[c] = head.channels[c].of(pixel);
      } else {
        const std::size_t bit = x * head.bits;
        const std::uint32_t index = packed
                                        ? numbers[std::size_t(y * head.width) + x]
                                        : file[line + bit / 8] >> (8 - head.bits - bit % 8) & ((1U << head.bits) - 1);
        std::copy_n(palette[index].data(), 3, to);
      }
    }
  }
  return picture_of(image);
}

}  // namespace cambium
