#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.h"

namespace cambium {

/// How far a run is, by work: multiply-adds of epochs, images and network. Tells the time left once there is something
/// to go by.
class Pace {
 public:
  Pace() = default;
  Pace(const Plan& plan, const std::vector<Work>& work);

  /// Cell number `cell` of the plan has finished its `epoch`th epoch.
  void epoch(std::size_t cell, std::int64_t epoch);
  /// It is over, one way or another.
  void ended(std::size_t cell);

  /// Seconds, of all that is to be done; negative while nothing can be said.
  double left(double seconds_so_far) const;

 private:
  struct Cost {
    double whole = 0, epochs = 1, done = 0;
  };
  void advance(Cost& cost, double done);

  std::vector<Cost> costs_;  ///< by cell
  double whole_ = 0, done_ = 0;
};

}  // namespace cambium
