#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "cambium/strategy.h"
#include "weights/fit.h"

namespace cambium {

/// Tensors and what is said of them, in one file.
struct TensorFile {
  TensorMap tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads the tensors of the likeliest dictionary of any weights file that docs/weights.md names, under the file's own
/// names, each of its own type and in order in memory. Throws Error{Data} naming the file and the tensor. `sha256`:
/// what WeightsFile::sha256() must give; empty: anything.
TensorFile read_weights(const std::filesystem::path& path, const std::string& sha256 = {});

/// Reads those tensors of a weights file that `choose` takes, under the network's names.
TensorMap read_chosen(const std::filesystem::path& path, const std::string& sha256,
                      const std::function<Fit(const GivenTensors&)>& choose);

/// Reads a safetensors file of any names, as checkpoints are.
TensorFile read_safetensors(const std::filesystem::path& path, const std::string& sha256 = {});

/// Writes the safetensors format, in order of name. Returns the SHA-256 of the file. Throws Error{System}.
std::string write_safetensors(const std::filesystem::path& path, const TensorFile& file);

/// Writes a .pth for Python's torch.load, in order of name. Returns the SHA-256 of the file. Throws Error{System}.
std::string write_pth(const std::filesystem::path& path, const TensorMap& tensors);

}  // namespace cambium
