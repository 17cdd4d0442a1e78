#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "weights/index.h"

namespace cambium {

/// A tensor to be written: its numbers lie in order, little-endian.
struct TensorBytes {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<std::int64_t> shape;
  std::span<const std::uint8_t> bytes;
};

/// Writes the safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes as they come. Under
/// another name, then synced and renamed. Returns the SHA-256 of the file. Throws Error{System}.
std::string write_safetensors(const std::filesystem::path& path, const std::vector<TensorBytes>& tensors,
                              const std::map<std::string, std::string>& metadata);

/// Writes what Python's torch.save(state_dict) would: a zip, nothing compressed, each tensor at a multiple of 64 bytes,
/// and a pickle of an OrderedDict. torch.load takes it as it is, also with weights_only. Returns the SHA-256 of the
/// file. Throws Error{System}; Error{Data} for more than 4 GiB.
std::string write_pth(const std::filesystem::path& path, const std::vector<TensorBytes>& tensors);

}  // namespace cambium
