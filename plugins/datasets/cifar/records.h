#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace cambium {

inline constexpr std::size_t kPixels = 3 * 32 * 32;  ///< a record's end: red, green, blue planes of 32 rows

/// What a record of the binary version is made of.
struct RecordLayout {
  std::string name;         ///< "CIFAR-10" or "CIFAR-100"
  std::size_t label_bytes;  ///< before the pixels of each record: 1, or coarse and fine

  std::size_t record() const { return label_bytes + kPixels; }
};

/// Whether `bytes` of `path` are whole records with labels that there are. Throws Error{Data}.
void check_records(const RecordLayout& layout, const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

}  // namespace cambium
