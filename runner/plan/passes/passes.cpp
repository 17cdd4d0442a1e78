#include "plan/passes/passes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cambium/error.h"
#include "plan/passes/batch_heads.h"
#include "plan/passes/collapse.h"
#include "plan/passes/merge_equal.h"
#include "plan/passes/place.h"
#include "plan/passes/share_prefixes.h"

namespace cambium {

const char* to_string(Pass pass) {
  switch (pass) {
    case Pass::Collapse:
      return "collapse";
    case Pass::MergeEqual:
      return "merge-equal";
    case Pass::SharePrefixes:
      return "share-prefixes";
    case Pass::BatchHeads:
      return "batch-heads";
    case Pass::Place:
      return "place";
  }
  return "";
}

namespace {

bool is_of_identity(Pass pass) { return pass == Pass::Collapse || pass == Pass::MergeEqual; }

Pass read_pass(const std::string& name) {
  std::vector<std::string> names;
  for (const Pass pass : kPasses)
    if (!is_of_identity(pass)) names.push_back(to_string(pass));
  for (const Pass pass : kPasses) {
    if (name != to_string(pass)) continue;
    if (is_of_identity(pass))
      throw Error(ErrorKind::Usage, fmt::format("--without {}: this pass decides what a cell is", name),
                  fmt::format("there is one result an identity; {} can be left out", fmt::join(names, ", ")));
    return pass;
  }
  std::string hint = fmt::format("there are {}", fmt::join(names, ", "));
  if (const auto near = suggestion(name, names)) hint = fmt::format("did you mean {}? {}", *near, hint);
  throw Error(ErrorKind::Usage, fmt::format("--without {}: there is no such pass", name), hint);
}

std::string run(Pass pass, Draft& draft) {
  switch (pass) {
    case Pass::Collapse:
      return collapse(draft);
    case Pass::MergeEqual:
      return merge_equal(draft);
    case Pass::SharePrefixes:
      return share_prefixes(draft);
    case Pass::BatchHeads:
      return batch_heads(draft);
    case Pass::Place:
      return place(draft);
  }
  return "";
}

}  // namespace

std::set<Pass> read_passes(const std::string& list) {
  std::set<Pass> passes;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    passes.insert(read_pass(list.substr(begin, end - begin)));
    begin = end + 1;
  }
  return passes;
}

double Draft::seconds(const Job& job) const {
  double sum = 0;
  for (const std::size_t cell : job.cells) sum += seconds(cell);
  return sum;
}

void Draft::count() {
  amount.jobs = std::int64_t(schedule.jobs.size());
  amount.seconds = amount.operations = 0;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    amount.operations += operations[i];
    amount.seconds += seconds(i);
  }
}

Passed run_passes(const Plan& plan, const std::vector<Work>& work, const PassSettings& settings) {
  Draft draft{plan, work, settings, one_by_one(plan, work), std::vector<double>(plan.cells.size()), {}};
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    if (!draft.trains(i)) continue;
    const Cost cost = cost_of(plan.cells[i]);
    draft.operations[i] = cost.prefix + cost.rest;
  }
  draft.schedule.workers = chosen_workers(plan, settings);
  draft.schedule.threads = chosen_threads(plan, settings);
  draft.amount = points_of(draft);
  Passed passed;
  for (const Pass pass : kPasses) {
    PassLine line{pass, settings.without.count(pass) == 0, draft.amount, {}, "off"};
    if (line.on) line.what = run(pass, draft);
    line.after = draft.amount;
    passed.lines.push_back(line);
  }
  draft.schedule.workers = std::max(1, draft.schedule.workers);
  for (std::size_t i = 0; i < plan.cells.size(); ++i) passed.seconds.push_back(draft.seconds(i));
  passed.operations = std::move(draft.operations);
  passed.schedule = std::move(draft.schedule);
  return passed;
}

}  // namespace cambium
