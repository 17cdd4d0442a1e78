#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cambium/schema.h"

namespace cambium {

/// Which images a run trains on and which it validates on, as indices in ascending order.
struct Selection {
  std::vector<std::int64_t> train;       ///< of the training split
  std::vector<std::int64_t> validation;  ///< of the training split, or of the validation split where that is used whole
  bool validation_split = false;
};

/// Picks by `settings` (data_schema(), class_shares()): validation is held out of each class first, then what is
/// trained on is drawn from what is left. Each class has its own draw, which depends on the seed and the class alone,
/// so fewer images a class are a part of more. `own_validation`: images in the data set's validation split, taken whole
/// where nothing is to be held out. Throws SelectionError where a class has too few images, or would have none left to
/// train on.
Selection select_images(std::span<const std::int64_t> train_labels, std::size_t own_validation,
                        const std::vector<std::string>& classes, const Params& settings, std::uint64_t seed);

}  // namespace cambium
