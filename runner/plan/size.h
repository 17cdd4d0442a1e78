#pragma once

#include "study/study.h"

namespace cambium {

/// Whether a stage's grid, taken with `backbones` backbones from elsewhere and `points` points before it, leaves the
/// study of a size that is planned in a gigabyte and some seconds. What is wrong goes to `problems`.
bool is_planable(const Stage& stage, std::size_t backbones, std::int64_t points, Problems& problems);

}  // namespace cambium
