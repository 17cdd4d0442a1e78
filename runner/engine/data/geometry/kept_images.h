#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace cambium {

/// What it is that is kept: the images of one split of one data set, after one geometry.
struct KeptKey {
  std::string fingerprint;  ///< the data set's
  std::string what;         ///< split and geometry
  std::int64_t images = 0;
  std::int64_t bytes = 0;  ///< an image
};

/// Decoded images in a file that all workers map: whoever needs an image first puts it there.
///
/// The file is sparse, so that a study that reads a tenth of a data set keeps a tenth of it. It is made under another
/// name and renamed. Its head names its key and is hashed, and each image has a checksum, looked at when it is first
/// read: a file of another size or key, or a damaged head, is made anew, a damaged image is decoded again. Where there
/// is no folder, or not twice the room that it may come to need, the images are kept in memory, by this process alone.
class KeptImages {
 public:
  KeptImages(const std::filesystem::path& folder, KeptKey key);
  ~KeptImages();
  KeptImages(const KeptImages&) = delete;
  KeptImages& operator=(const KeptImages&) = delete;

  /// The image at `index`; nothing where it is not kept, or damaged. Several threads may ask, and put.
  std::span<const std::uint8_t> find(std::int64_t index) const;
  /// Keeps it, if that is possible.
  void put(std::int64_t index, std::span<const std::uint8_t> image);

  /// Empty where they are kept in memory.
  const std::filesystem::path& path() const { return path_; }

 private:
  bool open_file(const std::filesystem::path& folder);
  std::int64_t slot(std::int64_t index) const;
  std::int64_t start(std::int64_t index) const;

  KeptKey key_;
  std::filesystem::path path_;
  int file_ = -1;
  std::int64_t length_ = 0;
  std::uint8_t* mapped_ = nullptr;
  std::uint8_t* checked_ = nullptr;  ///< by image: whether its checksum was found right
};

/// $XDG_CACHE_HOME/cambium/images, or ~/.cache/cambium/images; empty where there is neither.
std::filesystem::path kept_images_folder();

}  // namespace cambium
