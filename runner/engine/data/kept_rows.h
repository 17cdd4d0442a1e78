#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace cambium {

/// What it is that is kept, a row an image: decoded images of one split of one data set after one geometry, or taps of
/// them.
struct KeptKey {
  std::string kind;         ///< "images" or "taps"
  std::string fingerprint;  ///< the data set's
  std::string what;         ///< all else that decides what a row is
  std::int64_t rows = 0;    ///< of the split, all
  std::int64_t bytes = 0;   ///< a row
};

/// Rows in a file that all workers map: whoever needs a row first puts it there.
///
/// The file is sparse, so that a study that reads a tenth of a data set keeps a tenth of it. It is made under another
/// name and renamed. Its head names its key and is hashed, and each row has a checksum, looked at when it is first
/// read: a file of another size or key, or a damaged head, is made anew, a damaged row is found missing. Where there is
/// no folder, or not twice the room that is expected to be needed, the rows are kept in memory, by this process alone.
class KeptRows {
 public:
  /// `expected`: rows that will come to be kept.
  KeptRows(const std::filesystem::path& folder, KeptKey key, std::int64_t expected);
  ~KeptRows();
  KeptRows(const KeptRows&) = delete;
  KeptRows& operator=(const KeptRows&) = delete;

  /// The row at `index`; nothing where it is not kept, or damaged. Several threads may ask, and put.
  std::span<const std::uint8_t> find(std::int64_t index) const;
  /// Keeps it; false where that is not possible, as on a full disk.
  bool put(std::int64_t index, std::span<const std::uint8_t> row);

  /// Makes the row this object's to fill; false where another process' is filling it, or, if `wait`, after waiting for
  /// that one to be done with it, or dead. One thread at a time.
  bool claim(std::int64_t index, bool wait);
  void release(std::int64_t index);

  /// Where `key`'s rows lie in `folder`, or would.
  static std::filesystem::path path_in(const std::filesystem::path& folder, const KeptKey& key);
  /// Empty where they are kept in memory.
  const std::filesystem::path& path() const { return path_; }

 private:
  bool open_file(const std::filesystem::path& folder, std::int64_t expected);
  std::int64_t slot(std::int64_t index) const;
  std::int64_t start(std::int64_t index) const;

  KeptKey key_;
  std::filesystem::path path_;
  int file_ = -1;
  std::int64_t length_ = 0;
  std::uint8_t* mapped_ = nullptr;
  std::uint8_t* checked_ = nullptr;  ///< by row: whether its checksum was found right
};

/// $XDG_CACHE_HOME/cambium/images, or ~/.cache/cambium/images; empty where there is neither.
std::filesystem::path kept_images_folder();

}  // namespace cambium
