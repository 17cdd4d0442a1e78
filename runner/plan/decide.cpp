#include <fmt/format.h>

#include <set>

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

/// Which of a cell's measures are to be taken, and which failed before.
void look_at_measures(const Cell& cell, const Known* known, bool retry_failed, Work& work) {
  std::set<std::string> reasons;
  for (std::size_t m = 0; m < cell.measures.size(); ++m) {
    const KnownMeasure* before = nullptr;
    if (known)
      if (const auto found = known->measures.find(label(cell.measures[m])); found != known->measures.end())
        before = &found->second;
    if (before && before->state == KnownMeasure::State::Done) continue;
    if (before && before->state == KnownMeasure::State::Failed && !retry_failed) {
      work.held_measures.push_back(m);
      work.held_reason = fmt::format("failed before: {}", before->error);
      continue;
    }
    work.measures.push_back(m);
    reasons.insert(!before                                        ? "not measured yet"
                   : before->state == KnownMeasure::State::Killed ? "their worker was killed; tried again"
                                                                  : "failed before; tried again");
  }
  work.measure_reason = fmt::format("{}", fmt::join(reasons, ", "));
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
    look_at_measures(cell, knowns.back(), retry_failed, work.back());
  }
  // Dependents come after their sources, so a walk from the end knows what each source is needed for.
  for (std::size_t i = plan.cells.size(); i-- > 0;) {
    if (work[i].action == Work::Action::Hold) {
      work[i].measures.clear();
      work[i].held_measures.clear();
    }
    const bool measured = !work[i].measures.empty();
    if (measured && work[i].action == Work::Action::None && !knowns[i]->has_weights) {
      work[i].action = Work::Action::Train;
      work[i].reason = "done, but its weights are gone and measures are taken of them";
    }
    const int source = plan.cells[i].source;
    if (source < 0 || (work[i].action != Work::Action::Train && !measured)) continue;
    const auto s = std::size_t(source);
    if (work[s].action == Work::Action::None && !knowns[s]->has_weights) {
      work[s].action = Work::Action::Train;
      work[s].reason = "done, but its weights are gone and others start from them";
    }
  }
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const int source = plan.cells[i].source;
    if (source < 0) continue;
    const auto s = std::size_t(source);
    if (work[i].action == Work::Action::None && work[s].action == Work::Action::Hold && !work[i].measures.empty()) {
      work[i].held_measures.insert(work[i].held_measures.end(), work[i].measures.begin(), work[i].measures.end());
      work[i].measures.clear();
      work[i].held_reason = fmt::format("cell {}, which it starts from, failed", plan.cells[s].identity.substr(0, 12));
    }
    if (work[i].action != Work::Action::Train) continue;
    if (work[s].action == Work::Action::Hold)
      work[i] = {Work::Action::Hold,
                 fmt::format("starts from cell {}, which failed", plan.cells[s].identity.substr(0, 12))};
    else if (work[s].action == Work::Action::Train && knowns[i] == nullptr)
      work[i].reason = "new; after what it starts from";
  }
  return work;
}

}  // namespace cambium
