#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace cambium {

/// A file of unsigned bytes in the IDX format (http://yann.lecun.com/exdb/mnist): 0, 0, the type 8, the number of
/// dimensions, each dimension's size in 4 bytes, the highest first, then the elements.
struct IdxFile {
  std::filesystem::path path;
  std::vector<std::uint8_t> bytes;  ///< the whole file, unpacked
  std::vector<std::int64_t> sizes;

  std::span<const std::uint8_t> elements() const { return std::span(bytes).subspan(4 + 4 * sizes.size()); }
};

/// Reads a file, plain or .gz, and checks that it is as long as its header says.
/// Throws Error{Data} naming the file, what was expected and what was found.
IdxFile read_idx(const std::filesystem::path& path);

/// "60000x28x28".
std::string sizes_text(const std::vector<std::int64_t>& sizes);

}  // namespace cambium
