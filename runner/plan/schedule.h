#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plan/plan.h"

namespace cambium {

/// Cells that one worker trains at one go, one after another.
struct Job {
  std::vector<std::size_t> cells;  ///< indices in Plan::cells; all have one source, or none
};

/// How what is to be trained of a plan is done.
struct Schedule {
  std::vector<Job> jobs;  ///< each cell to be trained once; of those that can begin the first does
  std::vector<std::vector<std::int64_t>> cuts;  ///< by cell: after how many leading layers taps are kept, ascending
  int workers = 1;
  int threads = 1;  ///< a worker
};

/// A job a cell, in the plan's order, and nothing shared.
Schedule one_by_one(const Plan& plan, const std::vector<Work>& work);

}  // namespace cambium
