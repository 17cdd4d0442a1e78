#pragma once

#include <map>
#include <set>
#include <string>

#include "plan/passes/passes.h"
#include "study/study.h"

namespace cambium {

/// Grid points that differ in nothing that is read are one cell. Counts those of a stage as it is compiled.
class Collapse {
 public:
  Collapse(const Stage& stage, std::size_t index) : stage_(stage), index_(index) {}

  /// A point's strategy reads these axes.
  template <class Axes>
  void read(const std::string& strategy, const Axes& axes) {
    for (const auto& [key, value] : axes) read_[strategy].insert(key);
  }
  /// A point with one seed came to a cell, which was there already or not.
  void point(Plan& plan, const std::string& strategy, bool is_new);
  /// Enters what came to fewer cells into the plan.
  void finish(Plan& plan);

 private:
  const Stage& stage_;
  std::size_t index_;
  std::map<std::string, Merge> merges_;                ///< by strategy
  std::map<std::string, std::set<std::string>> read_;  ///< axes, by strategy
};

/// What there is to train where each point is a cell.
Amount points_of(const Draft& draft);
/// The pass, as it is told of: what it left of the points.
std::string collapse(Draft& draft);

}  // namespace cambium
