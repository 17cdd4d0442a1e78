#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

#include "cambium/image.h"

namespace cambium {

/// What torch.export saved: a network as a graph of ATen's operations, and its tensors.
struct ExportedProgram {
  std::string graph;                          ///< JSON, as torch's _export/serde/schema.py lays it out; not yet checked
  std::map<std::string, at::Tensor> weights;  ///< parameters and persistent buffers, under the state dict's names
  std::map<std::string, at::Tensor> constants;  ///< other tensors that the graph reads
  InputCard input;                              ///< of the card beside the file, if there is one
};

/// Reads the archive at `path`, in any of the layouts that PyTorch has written since 2.5. Nothing of it is executed:
/// what is pickled goes through the restricted unpickler, and every size and offset is checked. Throws Error{Data}
/// naming the file, also where it is of another kind (torch.save, TorchScript, ONNX, an AOTInductor package).
ExportedProgram read_exported_program(const std::filesystem::path& path);

}  // namespace cambium
