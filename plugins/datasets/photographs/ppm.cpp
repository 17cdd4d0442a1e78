#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "decode.h"

namespace cambium {
namespace {

/// Reads the numbers of a portable anymap, its comments left out.
class Numbers {
 public:
  explicit Numbers(Bytes file) : file_(file) {}

  bool ended() const { return at_ >= file_.size(); }
  std::uint8_t byte() {
    if (ended()) damaged("is a PPM image that is cut short");
    return file_[at_++];
  }
  int next() {
    skip_space();
    int value = 0, digits = 0;
    for (; !ended() && is_digit(file_[at_]); ++at_, ++digits) {
      value = value * 10 + (file_[at_] - '0');
      if (value > 100'000'000) damaged("is a damaged PPM image: a number in it is too large");
    }
    if (digits > 0) return value;
    if (ended()) damaged("is a PPM image that is cut short");
    damaged("is a damaged PPM image: there is something where a number should be");
  }
  /// One of a plain bitmap, whose digits need no space between them.
  bool bit() {
    skip_space();
    const std::uint8_t digit = byte();
    if (digit != '0' && digit != '1') damaged("is a damaged PPM image: a bitmap has but 0 and 1");
    return digit == '1';
  }

 private:
  static bool is_digit(std::uint8_t c) { return c >= '0' && c <= '9'; }
  static bool is_space(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  void skip_space() {
    for (bool comment = false; !ended(); ++at_) {
      const std::uint8_t c = file_[at_];
      comment = comment ? c != '\n' && c != '\r' : c == '#';
      if (!comment && c != '\n' && c != '\r' && !is_space(c)) return;
    }
  }

  Bytes file_;
  std::size_t at_ = 2;
};

/// value / most of `whole`, rounded as Python rounds: halves to even.
int part_of(int value, int most, int whole) {
  return std::min(whole, int(std::nearbyint(double(value) / double(most) * double(whole))));
}

}  // namespace

bool is_ppm(Bytes file) {
  return file.size() >= 3 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6' &&
         (file[2] == ' ' || (file[2] >= '\t' && file[2] <= '\r') || file[2] == '#');
}

Picture decode_ppm(Bytes file, const DecodeOptions& how) {
  const int kind = file[1] - '0';
  const bool plain = kind <= 3, bits = kind % 3 == 1, colour = kind % 3 == 0;
  Numbers numbers(file);
  const std::int64_t width = numbers.next(), height = numbers.next();
  check_size(height, width);
  const int most = bits ? 1 : numbers.next();
  if (most < 1 || most > 65535) damaged(fmt::format("is a damaged PPM image: its greatest value is {}", most));
  if (!plain) numbers.byte();  // one white space ends the head
  if (how.head_only) return {};

  const auto value = [&] {
    const int level = plain ? numbers.next() : most < 256 ? numbers.byte() : numbers.byte() << 8;
    return plain || most < 256 ? level : level | numbers.byte();
  };
  if (!bits && !colour && most > 255) {
    std::vector<std::uint16_t> levels;
    for (std::int64_t p = 0; p < height * width; ++p) levels.push_back(std::uint16_t(part_of(value(), most, 65535)));
    return deep_grey(levels, height, width, how);
  }
  at::Tensor image = canvas(height, width);
  auto* to = image.data_ptr<std::uint8_t>();
  for (std::int64_t y = 0; y < height; ++y) {
    std::uint8_t eight = 0;
    for (std::int64_t x = 0; x < width; ++x) {
      if (bits) {
        if (!plain && x % 8 == 0) eight = numbers.byte();
        const bool black = plain ? numbers.bit() : (eight >> (7 - x % 8) & 1) != 0;
        to = std::fill_n(to, 3, std::uint8_t(black ? 0 : 255));
      } else if (colour) {
        for (int c = 0; c < 3; ++c) *to++ = std::uint8_t(part_of(value(), most, 255));
      } else {
        to = std::fill_n(to, 3, std::uint8_t(part_of(value(), most, 255)));
      }
    }
  }
  return picture_of(image);
}

}  // namespace cambium
