#pragma once

#include "plan/parts.h"

namespace cambium {

/// Whether a data part's geometry and augmentation come to images of one shape, the same in training and evaluation,
/// and its values go together.
void check_images(const BuiltPart& data, const DatasetFacts& facts, Problems& problems);

}  // namespace cambium
