#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "store/store.h"

namespace cambium {

/// The weights file of one kind among a done cell's; its path is empty where there is none.
WeightsRef weights_of(const std::vector<Artifact>& artifacts, const std::string& kind);

/// The job that trains a cell. `source`: the weights files of the cell that it starts from. Paths that belong to the
/// run are left to be filled in.
TrainJob train_job(const Plan& plan, const Cell& cell, const std::vector<Artifact>& source);

/// The job that takes `measures` (of Cell::measures) of a done cell. `own`, `source`: the weights files of it and of
/// the cell that it starts from. Paths that belong to the run are left to be filled in.
MeasureJob measure_job(const Plan& plan, const Cell& cell, const std::vector<std::size_t>& measures,
                       const std::vector<Artifact>& own, const std::vector<Artifact>& source);

/// How a measure job ended, and what came of it.
struct MeasureFailure {
  FailureKind kind = FailureKind::None;
  std::string error;
  bool whole = false;  ///< the job as a whole, and not by its worker's death
};
struct MeasureEnd {
  std::map<std::string, std::string> told;  ///< by measure, what went wrong, or nothing
  std::vector<std::size_t> left;            ///< to be tried once more
};

/// Puts the measures of a job on record. Of those that its event file does not tell of, all failed with a job that
/// failed as a whole; where the worker died, the first one was its end, and the others are left.
MeasureEnd end_measures(Store& store, const Cell& cell, const std::vector<std::size_t>& measures,
                        const std::filesystem::path& events, const MeasureFailure& failure);

}  // namespace cambium
