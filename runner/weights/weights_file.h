#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "weights/index.h"
#include "weights/mapped_file.h"

namespace cambium {

/// The weights file that `path` means: itself, or, of a folder as Hugging Face lays it out, the file or index in it.
/// Throws Error{Data} for a folder without one, naming what is there.
std::filesystem::path weights_path(const std::filesystem::path& path);

/// A weights file that was opened and found good: one file, or an index ({"weight_map": {...}}) with its shards.
class WeightsFile {
 public:
  /// Opens weights_path(path). Throws Error{Data} naming the file and the tensor.
  explicit WeightsFile(const std::filesystem::path& path);
  /// One that must be a single safetensors file, whatever its first bytes look like.
  static WeightsFile safetensors(const std::filesystem::path& path);

  const WeightsIndex& index() const& { return index_; }
  const WeightsIndex& index() const&& = delete;  ///< it would be gone before it is read
  /// Bytes of the file that holds `tensor`, from its first element on.
  const std::uint8_t* begin_of(const StoredTensor& tensor) const;
  /// Copies a tensor's elements, in order, to `out`.
  void copy(const StoredTensor& tensor, std::uint8_t* out) const;
  /// How many numbers of a tensor are NaN or infinite.
  std::int64_t not_finite(const StoredTensor& tensor) const;
  /// SHA-256 of the bytes; of an index with shards, over those of the index and of each shard.
  std::string sha256() const;

 private:
  WeightsFile() = default;
  void read_shards(const std::filesystem::path& path);

  std::vector<MappedFile> files_;  ///< by StoredTensor::file; the index of shards, if there is one, comes last
  WeightsIndex index_;
};

}  // namespace cambium
