#include "plan/passes/batch_heads.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "plan/passes/share_prefixes.h"

namespace cambium {
namespace {

constexpr std::size_t kMostHeads = 64;

/// `cells` in so many even parts, in order, or more where they would be too large.
std::vector<Job> parts(const std::vector<std::size_t>& cells, std::size_t wanted) {
  const std::size_t count = std::max(std::min(wanted, cells.size()), (cells.size() + kMostHeads - 1) / kMostHeads);
  std::vector<Job> jobs(count);
  for (std::size_t i = 0; i < cells.size(); ++i) jobs[i * count / cells.size()].cells.push_back(cells[i]);
  return jobs;
}

}  // namespace

bool trains_head_alone(const Cell& cell) {
  const NetworkInfo& network = *cell.network;
  const auto& phases = network.plan.phases;
  return network.linear_head && !network.layers.empty() && frozen_prefix(cell) == network.layers.size() &&
         std::all_of(phases.begin(), phases.end(),
                     [](const Phase& phase) { return phase.head.trainable == Trainable::All; }) &&
         network.plan.source_share == 0 && cell.train->settings.integer("epochs") > 0 && !augments(cell);
}

std::string batch_heads(Draft& draft) {
  std::map<std::string, std::vector<std::size_t>> groups;
  std::vector<Job> jobs;
  std::size_t heads = 0;
  for (const Job& job : draft.schedule.jobs) {
    const Cell& cell = draft.plan.cells[job.cells.front()];
    if (job.cells.size() > 1 || !trains_head_alone(cell)) {
      jobs.push_back(job);
      continue;
    }
    groups[prefix_key(cell, cell.network->layers.size())].push_back(job.cells.front());
    ++heads;
  }
  // Where there are several groups, the workers have enough with fewer jobs of each.
  const auto workers = std::size_t(std::max(1, draft.schedule.workers));
  const std::size_t wanted = groups.empty() ? 0 : (workers + groups.size() - 1) / groups.size();
  std::size_t batches = 0;
  for (const auto& [key, cells] : groups)
    for (Job& job : parts(cells, wanted)) {
      ++batches;
      jobs.push_back(std::move(job));
    }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.cells.front() < b.cells.front(); });
  draft.schedule.jobs = std::move(jobs);
  draft.count();
  if (heads == 0) return "no cell trains a linear head alone";
  return fmt::format("{} {} in {} {}", heads, heads == 1 ? "head" : "heads", batches, batches == 1 ? "job" : "jobs");
}

}  // namespace cambium
