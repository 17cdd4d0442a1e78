#include <cstring>
#include <string_view>

#include "decode.h"

namespace cambium {
namespace {

constexpr int kOrientationTag = 0x0112;
constexpr std::string_view kMark("Exif\0\0", 6);

/// Numbers of a TIFF block in its own byte order; 0 beyond its end.
struct Tiff {
  Bytes bytes;
  bool little = true;

  std::uint32_t number(std::size_t at, std::size_t count) const {
    std::uint32_t value = 0;
    if (at > bytes.size() || count > bytes.size() - at) return 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + (little ? count - 1 - i : i)];
    return value;
  }
};

int orientation_of(Bytes tiff_bytes) {
  if (tiff_bytes.size() < 8) return 1;
  const Tiff tiff = {tiff_bytes, tiff_bytes[0] == 'I'};
  if (tiff.number(2, 2) != 42) return 1;
  const std::size_t directory = tiff.number(4, 4), entries = tiff.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff_bytes.size()) break;
    if (tiff.number(entry, 2) != kOrientationTag) continue;
    const auto value = int(tiff.number(entry + 8, 2));
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/// The TIFF block of the first APP1 segment that holds one.
Bytes jpeg_exif(Bytes file) {
  for (std::size_t at = 2; at + 4 <= file.size() && file[at] == 0xff;) {
    const int marker = file[at + 1];
    if (marker == 0xff) {
      ++at;
      continue;
    }
    if (marker == 0xda || marker == 0xd9) break;
    const std::size_t length = std::size_t(file[at + 2]) << 8 | file[at + 3];
    if (length < 2 || at + 2 + length > file.size()) break;
    const Bytes body = file.subspan(at + 4, length - 2);
    if (marker == 0xe1 && body.size() > kMark.size() && std::memcmp(body.data(), kMark.data(), kMark.size()) == 0)
      return body.subspan(kMark.size());
    at += 2 + length;
  }
  return {};
}

Bytes png_exif(Bytes file) {
  for (std::size_t at = 8; at + 12 <= file.size();) {
    const std::size_t length = Tiff{file, false}.number(at, 4);
    if (length > file.size() - at - 12) break;
    if (std::memcmp(file.data() + at + 4, "eXIf", 4) == 0) return file.subspan(at + 8, length);
    at += 12 + length;
  }
  return {};
}

Bytes webp_exif(Bytes file) {
  for (std::size_t at = 12; at + 8 <= file.size();) {
    const std::size_t length = Tiff{file, true}.number(at + 4, 4);
    if (length > file.size() - at - 8) break;
    const Bytes body = file.subspan(at + 8, length);
    if (starts(file, "EXIF", at)) return starts(body, kMark) ? body.subspan(kMark.size()) : body;
    at += 8 + length + length % 2;
  }
  return {};
}

}  // namespace

int exif_orientation(Bytes file) {
  return orientation_of(is_jpeg(file)   ? jpeg_exif(file)
                        : is_png(file)  ? png_exif(file)
                        : is_webp(file) ? webp_exif(file)
                                        : Bytes());
}

}  // namespace cambium
