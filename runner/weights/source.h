#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/index.h"

namespace cambium {

/// A file's bytes and its name, for whoever reads them and may have to complain.
struct WeightsSource {
  const std::filesystem::path& path;
  std::span<const std::uint8_t> bytes;

  /// Throws Error{Data}: "PATH WHAT".
  [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const;

  /// The little-endian number at `at`; the caller has seen that it is inside.
  template <class T>
  T number(std::size_t at) const {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }
  std::string_view text(std::size_t at, std::size_t size) const {
    return {reinterpret_cast<const char*>(bytes.data()) + at, size};
  }
  bool begins(std::string_view what, std::size_t at = 0) const {
    return bytes.size() >= at && bytes.size() - at >= what.size() && text(at, what.size()) == what;
  }
};

/// The formats, each throwing as index_weights() does.
WeightsIndex index_zip(const WeightsSource& source);
WeightsIndex index_legacy(const WeightsSource& source);
WeightsIndex index_safetensors(const WeightsSource& source);

/// The bytes that a tensor of `shape` with `strides` needs from its first element on (0 for an empty one), or fails
/// naming it, where an extent or a stride is below 0 or the whole is more than can be.
std::size_t extent_bytes(const WeightsSource& source, const StoredTensor& tensor);

/// Fails where the tensors together are far more than the file.
void must_not_unfold(const WeightsSource& source, const std::vector<StoredTensor>& tensors);

/// The strides of a tensor that lies in order.
std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape);

}  // namespace cambium
