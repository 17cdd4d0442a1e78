#pragma once

#include <string>

#include "store/store.h"

namespace cambium {

/// A study's arms beside each other, in its order: stage, arm, n (cells with a result), missing (cells without), mean
/// and half (test accuracy and its 95 % interval's half, as fractions), trainable, total, seconds (a cell, mean).
Table comparison(const Store& store, const std::string& study);

/// The same for people: accuracies in percent, then what the interval is, then which cells are missing, then the paired
/// differences where the study names a baseline.
std::string comparison_text(const Store& store, const std::string& study);

}  // namespace cambium
