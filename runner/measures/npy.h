#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cambium/files.h"

namespace cambium::measures {

/// The bytes of an .npy file of format 1.0 (NumPy enhancement proposal 1), C order, little-endian: '<f4' for a floating
/// tensor, '<i8' for integers.
std::string npy(const at::Tensor& tensor);

/// The same of a tensor that is never whole in memory. The file stands under its name when it is whole.
class NpyFile {
 public:
  /// `shape` of it all. Throws Error{System}.
  NpyFile(std::filesystem::path path, const std::vector<std::int64_t>& shape, bool floating);
  ~NpyFile();
  NpyFile(const NpyFile&) = delete;
  NpyFile& operator=(const NpyFile&) = delete;

  /// The next rows. Throws Error{System}.
  void append(const at::Tensor& rows);
  /// To be called when all rows are there. The file's SHA-256. Throws Error{System}.
  std::string close();

 private:
  void put(std::string_view bytes);
  [[noreturn]] void fail(const char* what) const;

  const std::filesystem::path path_, partial_;
  const bool floating_;
  std::ofstream file_;
  Sha256 hash_;
};

}  // namespace cambium::measures
