#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cambium::test {

inline std::string big_endian(std::uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

inline std::string png_chunk(const std::string& kind, const std::string& data) {
  const std::string body = kind + data;
  return big_endian(std::uint32_t(data.size())) + body +
         big_endian(std::uint32_t(crc32(0, reinterpret_cast<const Bytef*>(body.data()), uInt(body.size()))));
}

inline std::string png(std::uint32_t width, std::uint32_t height, const std::string& rows) {
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  const std::string head = big_endian(width) + big_endian(height) + std::string("\x08\0\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", head) + png_chunk("IDAT", packed) + png_chunk("IEND", "");
}

/// A grey PNG of one row.
inline std::string grey_png(const std::vector<std::uint8_t>& pixels) {
  return png(std::uint32_t(pixels.size()), 1, std::string(1, '\0') + std::string(pixels.begin(), pixels.end()));
}

/// One that says that it is 100,000 x 100,000 pixels large.
inline std::string huge_png() { return png(100000, 100000, "\0"); }

}  // namespace cambium::test
