#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "weights/card.h"

namespace cambium {

/// A network that Cambium trained, to be written for others.
struct WeightsExport {
  std::filesystem::path source;              ///< the safetensors file that training wrote
  std::string sha256;                        ///< what its bytes must hash to
  std::filesystem::path to;                  ///< FILE.pth or FILE.safetensors
  std::map<std::string, std::string> study;  ///< what its card says of where it comes from: study, stage, arm
};

/// Writes the network as `to`'s ending says, and its card beside it. The folder is made. Throws Error{Data} for a
/// source that is gone or has changed, Error{System} for what cannot be written.
void export_weights(const WeightsExport& job);

}  // namespace cambium
