#include "exec/ready.h"

#include <algorithm>

namespace cambium {

using Action = Work::Action;

Ready::Ready(const Plan& plan, const std::vector<Work>& work, Schedule schedule,
             const std::unordered_map<std::string, CellStatus>& statuses)
    : plan_(plan),
      work_(work),
      schedule_(std::move(schedule)),
      job_of_(plan.cells.size()),
      dependents_(plan.cells.size()),
      weights_(plan.cells.size()) {
  most_ = schedule_.jobs.size();
  for (std::size_t job = 0; job < schedule_.jobs.size(); ++job)
    for (const std::size_t cell : schedule_.jobs[job].cells) job_of_[cell] = job;
  for (std::size_t i = 0; i < plan_.cells.size(); ++i) {
    const int source = plan_.cells[i].source;
    if (source >= 0) dependents_[std::size_t(source)].push_back(i);
    if (!work_[i].measures.empty()) ++most_;
    const bool source_is_done = source < 0 || work_[std::size_t(source)].action == Action::None;
    if (work_[i].action == Action::None) {
      const auto known = statuses.find(plan_.cells[i].identity);
      if (known != statuses.end() && known->second.state == RunState::Done) weights_[i] = known->second.weights;
      if (source_is_done || !waits_for_source(i)) look_at_measures(i);
    } else if (work_[i].action == Action::Train && source_is_done) {
      jobs_.insert(job_of_[i]);
    }
  }
}

std::vector<std::size_t> Ready::take_job() {
  const std::size_t job = *jobs_.begin();
  jobs_.erase(jobs_.begin());
  return schedule_.jobs[job].cells;
}

void Ready::give_back(std::vector<std::size_t> cells) {
  if (cells.empty()) return;
  const std::size_t job = job_of_[cells.front()];
  schedule_.jobs[job].cells = std::move(cells);
  jobs_.insert(job);
}

std::size_t Ready::take_measured() {
  const std::size_t cell = *measures_.begin();
  measures_.erase(measures_.begin());
  return cell;
}

void Ready::trained(std::size_t cell, std::vector<Artifact> weights) {
  weights_[cell] = std::move(weights);
  look_at_measures(cell);
  for (const std::size_t dependent : dependents_[cell])
    if (work_[dependent].action == Action::Train)
      jobs_.insert(job_of_[dependent]);
    else if (work_[dependent].action == Action::None && waits_for_source(dependent))
      look_at_measures(dependent);
}

void Ready::look_at_measures(std::size_t cell) {
  if (!work_[cell].measures.empty()) measures_.insert(cell);
}

std::vector<Artifact> Ready::source_weights(std::size_t cell) const {
  const int source = plan_.cells[cell].source;
  return source >= 0 ? weights_[std::size_t(source)] : std::vector<Artifact>{};
}

bool Ready::waits_for_source(std::size_t cell) const {
  const Cell& of = plan_.cells[cell];
  const auto& measures = work_[cell].measures;
  return of.source >= 0 &&
         std::any_of(measures.begin(), measures.end(), [&](std::size_t m) { return needs_source(of.measures[m]); });
}

}  // namespace cambium
