#include "plan/passes/collapse.h"

#include <fmt/format.h>

namespace cambium {

void Collapse::point(Plan& plan, const std::string& strategy, bool is_new) {
  Merge& merge = merges_[strategy];
  merge.stage = index_;
  merge.strategy = strategy;
  ++merge.points;
  ++plan.points;
  if (is_new) ++merge.cells;
}

void Collapse::finish(Plan& plan) {
  for (auto& [strategy, merge] : merges_) {
    if (merge.cells == merge.points) continue;
    for (const Axis& axis : stage_.axes)
      for (const Axis::Key& key : axis.keys)
        if (key.name != "arm" && key.name != "seed" && !read_[strategy].count(key.name))
          merge.unread.push_back(key.name);
    plan.merges.push_back(merge);
  }
}

Amount points_of(const Draft& draft) {
  Amount amount;
  for (std::size_t i = 0; i < draft.plan.cells.size(); ++i) {
    if (!draft.trains(i)) continue;
    const std::int64_t points = draft.plan.cells[i].points;
    amount.jobs += points;
    amount.operations += double(points) * draft.operations[i];
    amount.seconds += double(points) * draft.seconds(i);
  }
  return amount;
}

std::string collapse(Draft& draft) {
  const std::int64_t points = draft.amount.jobs;
  draft.amount = {};
  for (const Entry& entry : draft.plan.entries) {
    if (!draft.trains(entry.cell)) continue;
    ++draft.amount.jobs;
    draft.amount.operations += draft.operations[entry.cell];
    draft.amount.seconds += draft.seconds(entry.cell);
  }
  return points == draft.amount.jobs
             ? "all points differ in what is read"
             : fmt::format("{} points differ in nothing that is read", points - draft.amount.jobs);
}

}  // namespace cambium
