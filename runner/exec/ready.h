#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "plan/schedule.h"
#include "store/store.h"

namespace cambium {

/// What of a plan can begin, and what waits for what.
class Ready {
 public:
  /// `statuses`: of the plan's cells among others; the weights of done ones are what others start from.
  Ready(const Plan& plan, const std::vector<Work>& work, Schedule schedule,
        const std::unordered_map<std::string, CellStatus>& statuses);

  /// Jobs, and cells to be measured, that can begin.
  std::size_t count() const { return jobs_.size() + measures_.size(); }
  bool any() const { return count() > 0; }
  bool any_job() const { return !jobs_.empty(); }
  /// How many workers have something to do, at some time.
  std::size_t most_workers() const { return most_; }

  /// The cells of the first job that can begin.
  std::vector<std::size_t> take_job();
  /// What is left of a job that has been taken.
  void give_back(std::vector<std::size_t> cells);
  /// The first cell that can be measured.
  std::size_t take_measured();

  /// A cell that was to be trained is done: what starts from it can begin.
  void trained(std::size_t cell, std::vector<Artifact> weights);
  /// A cell that may have measures left.
  void look_at_measures(std::size_t cell);

  /// The weights of a done cell; those that a cell starts from, if it starts from a cell.
  const std::vector<Artifact>& weights(std::size_t cell) const { return weights_[cell]; }
  std::vector<Artifact> source_weights(std::size_t cell) const;
  const std::vector<std::size_t>& dependents(std::size_t cell) const { return dependents_[cell]; }
  /// Whether a done cell's measures need the weights that it started from.
  bool waits_for_source(std::size_t cell) const;

 private:
  const Plan& plan_;
  const std::vector<Work>& work_;
  Schedule schedule_;
  std::vector<std::size_t> job_of_;  ///< by cell
  std::vector<std::vector<std::size_t>> dependents_;
  std::vector<std::vector<Artifact>> weights_;
  std::set<std::size_t> jobs_;      ///< in the schedule's order
  std::set<std::size_t> measures_;  ///< cells, in the plan's order
  std::size_t most_ = 0;
};

}  // namespace cambium
