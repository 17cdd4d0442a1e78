#pragma once

#include <string>

#include "plan/passes/passes.h"

namespace cambium {

/// Cells that train nothing but a linear head on the same taps are trained by one worker at one go: as many jobs as
/// there are workers.
std::string batch_heads(Draft& draft);

/// Whether nothing but a linear head learns of a cell, on what a frozen backbone gives of images that stay as they are.
bool trains_head_alone(const Cell& cell);

}  // namespace cambium
