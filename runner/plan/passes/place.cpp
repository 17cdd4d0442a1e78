#include "plan/passes/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

namespace cambium {
namespace {

/// Of each job, the seconds from its beginning to the end of the last job that waits for it, were all to begin at once.
std::vector<double> chains(const Draft& draft) {
  const auto& jobs = draft.schedule.jobs;
  std::vector<std::size_t> job_of(draft.plan.cells.size());
  for (std::size_t job = 0; job < jobs.size(); ++job)
    for (const std::size_t cell : jobs[job].cells) job_of[cell] = job;
  std::vector<double> below(jobs.size()), chain(jobs.size());
  // Jobs are in the order of their first cells, and each cell comes after its source: a job before what waits for it.
  for (std::size_t job = jobs.size(); job-- > 0;) {
    chain[job] = draft.seconds(jobs[job]) + below[job];
    const int source = draft.plan.cells[jobs[job].cells.front()].source;
    if (source < 0 || !draft.trains(std::size_t(source))) continue;
    double& longest = below[job_of[std::size_t(source)]];
    longest = std::max(longest, chain[job]);
  }
  return chain;
}

/// When the last worker ends, where each takes the next job; sources are taken to be done in time.
double makespan(const Draft& draft, std::size_t workers) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (std::size_t i = 0; i < workers; ++i) free.push(0);
  double last = 0;
  for (const Job& job : draft.schedule.jobs) {
    const double end = free.top() + draft.seconds(job) / std::max(1, draft.schedule.threads);
    free.pop();
    free.push(end);
    last = std::max(last, end);
  }
  return last;
}

}  // namespace

int chosen_threads(const Plan& plan, const PassSettings& settings) {
  if (settings.threads > 0) return settings.threads;
  if (settings.without.count(Pass::Place) || plan.cells.empty()) return 1;
  return int(std::max<std::size_t>(1, std::size_t(std::max(1, settings.cpus)) / plan.cells.size()));
}

int chosen_workers(const Plan& plan, const PassSettings& settings) {
  return settings.workers > 0 ? settings.workers : std::max(1, settings.cpus / chosen_threads(plan, settings));
}

std::string place(Draft& draft) {
  Schedule& schedule = draft.schedule;
  const std::vector<double> chain = chains(draft);
  std::vector<std::size_t> order(schedule.jobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // As floats: what equal jobs come to differs in the last digits of doubles.
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return float(chain[a]) > float(chain[b]); });
  std::vector<Job> jobs;
  for (const std::size_t job : order) jobs.push_back(std::move(schedule.jobs[job]));
  schedule.jobs = std::move(jobs);
  const auto workers = std::min(std::size_t(schedule.workers), std::max<std::size_t>(1, schedule.jobs.size()));
  const auto counted = [](std::size_t count, const char* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  return fmt::format("{} of {}, the last ends after {:.3g} s", counted(workers, "worker"),
                     counted(std::size_t(schedule.threads), "thread"), makespan(draft, workers));
}

}  // namespace cambium
