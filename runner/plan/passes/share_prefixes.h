#pragma once

#include <cstdint>
#include <string>

#include "plan/passes/passes.h"

namespace cambium {

/// Cells whose frozen layers give the same of the same images share that: taps, which are kept where they save enough.
std::string share_prefixes(Draft& draft);

/// Equal where the first `cut` layers of two cells, frozen, give the same of the same image: data as the network sees
/// it, backbone, and where the layers' weights come from.
std::string prefix_key(const Cell& cell, std::size_t cut);

}  // namespace cambium
