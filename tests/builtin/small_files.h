#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cambium::test {

inline std::string text_of(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

/// An IDX file of unsigned bytes.
inline std::string idx_file(const std::vector<std::uint32_t>& sizes, const std::vector<std::uint8_t>& elements) {
  std::string file = {0, 0, 8, char(sizes.size())};
  for (const std::uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) file += char(size >> shift & 255);
  return file + text_of(elements);
}

/// A record of CIFAR: its label bytes, then 3072 pixels, the i-th of them (start + i) mod 256.
inline std::string cifar_record(const std::vector<std::uint8_t>& labels, int start) {
  std::string record = text_of(labels);
  for (int i = 0; i < 3072; ++i) record += char((start + i) & 255);
  return record;
}

inline std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = uInt(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = uInt(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace cambium::test
