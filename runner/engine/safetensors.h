#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "cambium/strategy.h"

namespace cambium {

/// Tensors and what is said of them, in one file.
struct TensorFile {
  TensorMap tensors;
  std::map<std::string, std::string> metadata;
};

/// Writes the safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes in order of name. Under
/// another name, then synced and renamed. Returns the SHA-256 of the file. Throws Error{System}.
std::string write_safetensors(const std::filesystem::path& path, const TensorFile& file);

/// Reads it. Sizes, offsets and overlaps are checked before they are believed. Throws Error{Data} naming the file and
/// the tensor. `sha256`: what the bytes must hash to; empty: anything.
TensorFile read_safetensors(const std::filesystem::path& path, const std::string& sha256 = {});

}  // namespace cambium
