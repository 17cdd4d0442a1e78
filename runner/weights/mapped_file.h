#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace cambium {

/// A file's bytes, mapped for reading: only what is looked at is read from the disk.
class MappedFile {
 public:
  /// Throws Error{Data} naming the file: absent, unreadable, a folder.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace cambium
