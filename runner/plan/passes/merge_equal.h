#pragma once

#include <string>
#include <unordered_map>

#include "plan/passes/passes.h"

namespace cambium {

/// Cells of one identity are one cell, whatever points and stages came to it.
class MergeEqual {
 public:
  /// The index in the plan of a cell whose identity is known: of the one that is there already, or of this one.
  std::size_t enter(Plan& plan, Cell cell);

 private:
  std::unordered_map<std::string, std::size_t> by_identity_;
};

/// The pass, as it is told of.
std::string merge_equal(Draft& draft);

}  // namespace cambium
