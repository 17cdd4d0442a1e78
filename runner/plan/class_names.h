#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace cambium {

/// How the classes that a head was made for go with those of other data.
struct ClassMatch {
  /// For each class of the data the head's output that stands for it; empty where they are the head's own, in order.
  std::vector<std::int64_t> rows;
  bool by_number = false;  ///< one side's names are mere numbers: the order counts
  std::string fault;       ///< why they do not go together; empty where they do
};

/// Matches by name: the data may have the head's classes in another order, or a part of them. Names that are mere
/// numbers on one side alone count as none: as many classes, in their order. Digits on both sides are names.
ClassMatch match_classes(const std::vector<std::string>& head, const std::vector<std::string>& data);

/// Where `cell` takes a head over that was made for `classes` (none: they are not known), notes which of its outputs
/// the cell's classes are. What does not go together, and what goes by number alone, is told where its data is.
void match_head(Cell& cell, const std::vector<std::string>& classes, const std::string& stage, Problems& problems);

}  // namespace cambium
