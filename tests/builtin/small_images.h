#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
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

/// `depth` bits of grey.
inline std::string png(std::uint32_t width, std::uint32_t height, const std::string& rows, char depth = 8) {
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  const std::string head = big_endian(width) + big_endian(height) + std::string{depth, 0, 0, 0, 0};
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", head) + png_chunk("IDAT", packed) + png_chunk("IEND", "");
}

/// A grey PNG of one row.
inline std::string grey_png(const std::vector<std::uint8_t>& pixels) {
  return png(std::uint32_t(pixels.size()), 1, std::string(1, '\0') + std::string(pixels.begin(), pixels.end()));
}

/// The same of 16 bits a pixel.
inline std::string deep_png(const std::vector<std::uint16_t>& pixels) {
  std::string row(1, '\0');
  for (const std::uint16_t pixel : pixels) row += {char(pixel >> 8), char(pixel)};
  return png(std::uint32_t(pixels.size()), 1, row, 16);
}

/// One that says that it is 100,000 x 100,000 pixels large.
inline std::string huge_png() { return png(100000, 100000, "\0"); }

/// A JPEG of 16 x 16 pixels, and where its parts begin.
inline constexpr std::size_t kJpegTables = 2, kJpegHuffman = 159, kJpegScan = 254;
inline std::string jpeg() {
  static constexpr std::string_view kHex =
      "ffd8ffdb0043001b12141714111b1716171e1c1b2028422b28252528513a3d3042605565645f555d5b6a7899816a7190735b5d85b586909e"
      "a3abadab6780bcc9baa6c799a8aba4ffdb0043011c1e1e2823284e2b2b4ea46e5d6ea4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4"
      "a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4ffc00011080010001003012200021101031101ffc400150001010000"
      "0000000000000000000000000405ffc40017100003010000000000000000000000000000030461ffc4001501010100000000000000000000"
      "000000000002ffc400161101010100000000000000000000000000040003ffda000c03010002110311003f009cb9f052e7c16b9f04ae7c29"
      "0b84deffd9";
  std::string bytes;
  for (std::size_t i = 0; i < kHex.size(); i += 2)
    bytes += char(std::stoi(std::string(kHex.substr(i, 2)), nullptr, 16));
  return bytes;
}

}  // namespace cambium::test
