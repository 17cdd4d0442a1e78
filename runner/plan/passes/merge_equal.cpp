#include "plan/passes/merge_equal.h"

#include <fmt/format.h>

namespace cambium {

std::size_t MergeEqual::enter(Plan& plan, Cell cell) {
  const auto [at, fresh] = by_identity_.emplace(cell.identity, plan.cells.size());
  if (fresh) {
    plan.cells.push_back(std::move(cell));
  } else {
    Cell& known = plan.cells[at->second];
    ++known.points;
    known.disjoint = known.disjoint || cell.disjoint;
  }
  return at->second;
}

std::string merge_equal(Draft& draft) {
  const std::int64_t before = draft.amount.jobs;
  draft.count();
  return before == draft.amount.jobs ? "no two stages have a cell in common"
                                     : fmt::format("{} cells are those of another stage", before - draft.amount.jobs);
}

}  // namespace cambium
