#pragma once

#include <cstdint>
#include <vector>

#include "study/problem.h"
#include "study/value.h"

namespace cambium {

/// [0, 1, 2], the number 3 (which counts: 0, 1 and 2), or { range = [0, 9] } (last included). { 0 } after an error.
std::vector<std::uint64_t> read_seeds(const Value& value, Problems& problems);

}  // namespace cambium
