#include <fmt/format.h>

#include "plan/plan.h"

namespace cambium {
namespace {

Work first_look(const Known* known, bool retry_failed) {
  using Action = Work::Action;
  if (!known) return {Action::Train, "new"};
  switch (known->state) {
    case Known::State::Done:
      return {Action::None, "done"};
    case Known::State::Killed:
      return {Action::Train, "its worker was killed; tried again"};
    case Known::State::Skipped:
      return {Action::Train, "skipped before"};
    case Known::State::Interrupted:
      return {Action::Train, known->epochs > 0 ? fmt::format("interrupted after epoch {}", known->epochs)
                                               : "interrupted before its first epoch ended"};
    case Known::State::Failed:
      if (retry_failed) return {Action::Train, "failed before; tried again"};
      return {Action::Hold, fmt::format("failed before: {}", known->error)};
  }
  return {};
}

}  // namespace

std::vector<Work> decide(const Plan& plan, const std::unordered_map<std::string, Known>& known, bool retry_failed) {
  std::vector<Work> work;
  work.reserve(plan.cells.size());
  std::vector<const Known*> knowns;
  for (const Cell& cell : plan.cells) {
    const auto found = known.find(cell.identity);
    knowns.push_back(found == known.end() ? nullptr : &found->second);
    work.push_back(first_look(knowns.back(), retry_failed));
  }
  // Dependents come after their sources, so a walk from the end knows what each source is needed for.
  for (std::size_t i = plan.cells.size(); i-- > 0;) {
    const int source = plan.cells[i].source;
    if (source < 0 || work[i].action != Work::Action::Train) continue;
    const auto s = std::size_t(source);
    if (work[s].action == Work::Action::None && !knowns[s]->has_weights)
      work[s] = {Work::Action::Train, "done, but its weights are gone and others start from them"};
  }
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const int source = plan.cells[i].source;
    if (source < 0 || work[i].action != Work::Action::Train) continue;
    const auto s = std::size_t(source);
    if (work[s].action == Work::Action::Hold)
      work[i] = {Work::Action::Hold,
                 fmt::format("starts from cell {}, which failed", plan.cells[s].identity.substr(0, 12))};
    else if (work[s].action == Work::Action::Train && knowns[i] == nullptr)
      work[i].reason = "new; after what it starts from";
  }
  return work;
}

}  // namespace cambium
