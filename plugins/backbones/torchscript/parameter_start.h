#pragma once

#include <torch/csrc/jit/api/module.h>

#include "blocks/parameter_start.h"

namespace cambium {

/// How the parameters that a scripted module itself has start anew.
blocks::ParameterStart parameter_start(const torch::jit::Module& module);

}  // namespace cambium
