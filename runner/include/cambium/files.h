#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {

/// A whole file, unpacked when it is gzip (told by its first bytes, not by its name).
/// Throws Error{Data} naming the file: absent, unreadable, truncated or corrupt, or larger than `limit` bytes unpacked.
std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 34);

/// Writes under another name, then renames, so that a reader sees the old file or the new one whole.
/// Throws Error{System} naming the file and the cause.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write_file(const std::filesystem::path& path, std::string_view text);

/// Where a study's `path` lies: as it is if absolute, else under the data root, or, where there is nothing of that
/// name, beside it: so "weights/x.pth" is found next to the folder of the data, and "data/mnist" under a root that is
/// itself called "data".
std::filesystem::path resolve_path(const std::filesystem::path& root, const std::filesystem::path& path);

/// SHA-256, piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& add(std::span<const std::uint8_t> bytes);
  Sha256& add(std::string_view text);
  std::string hex();  ///< 64 lower-case digits; ends the hash

 private:
  void* context_;
};

std::string sha256(std::string_view text);
std::string sha256_file(const std::filesystem::path& path);  ///< of the bytes as stored; throws Error{Data}

}  // namespace cambium
