#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "plan/plan.h"

namespace cambium {
namespace {

/// So many attempts in a row that come no further are no accident of the machine's.
constexpr std::int64_t kMostMachineTries = 3;

Work first_look(const Cell& cell, const Known* known, bool retry_failed) {
  using Action = Work::Action;
  if (!known) return {Action::Train, "new"};
  switch (known->state) {
    case Known::State::Done:
      return {Action::None, "done"};
    case Known::State::Machine:
      if (retry_failed || known->machine_tries < kMostMachineTries)
        return {Action::Train, "failed for the machine's sake; tried again"};
      return {Action::Hold, fmt::format("failed {} times in a row: {}", known->machine_tries, known->error)};
    case Known::State::Skipped:
      return {Action::Train, "skipped before"};
    case Known::State::Interrupted:
      return {Action::Train, known->epochs > 0 ? fmt::format("interrupted after epoch {}", known->epochs)
                                               : "interrupted before its first epoch ended"};
    case Known::State::Failed:
      if (retry_failed) return {Action::Train, "failed before; tried again"};
      if (!known->plugins.empty() && known->plugins != libraries(cell))
        return {Action::Train, "failed before, and a plugin has been rebuilt since"};
      return {Action::Hold, fmt::format("failed before: {}", known->error)};
  }
  return {};
}

const char* lost(const Known& known) { return known.damaged ? "damaged" : "gone"; }

/// Why a measure that is known is to be taken all the same; empty where it is not.
std::string anew(const KnownMeasure& before, int version, bool retry_failed) {
  if (!before.of_run) return "the cell was trained again since";
  if (before.version != version) return "measured by older mathematics";
  if (before.state == KnownMeasure::State::Machine) return "failed for the machine's sake; tried again";
  return before.state == KnownMeasure::State::Failed && retry_failed ? "failed before; tried again" : "";
}

/// Which of a cell's measures are to be taken, and which failed before.
void look_at_measures(const Cell& cell, const Known* known, bool retry_failed, Work& work) {
  std::set<std::string> reasons;
  for (std::size_t m = 0; m < cell.measures.size(); ++m) {
    const KnownMeasure* before = nullptr;
    if (known)
      if (const auto found = known->measures.find(label(cell.measures[m])); found != known->measures.end())
        before = &found->second;
    const int version = find_measure(cell.measures[m].name)->version;
    const std::string reason = before ? anew(*before, version, retry_failed) : "not measured yet";
    if (!reason.empty()) {
      work.measures.push_back(m);
      reasons.insert(reason);
    } else if (before->state == KnownMeasure::State::Failed) {
      work.held_measures.push_back(m);
      work.held_reason = fmt::format("failed before: {}", before->error);
    }
  }
  work.measure_reason = fmt::format("{}", fmt::join(reasons, ", "));
}

/// A cell that is trained again has all of its measures taken of the new run.
void measure_all(const Cell& cell, Work& work) {
  if (work.measures.size() == cell.measures.size()) return;
  work.measures.resize(cell.measures.size());
  std::iota(work.measures.begin(), work.measures.end(), std::size_t{0});
  work.measure_reason = "the cell is trained again";
  work.held_measures.clear();
  work.held_reason.clear();
}

bool of_end(const Measure& measure) { return networks_of(measure).end; }

template <class Is>
bool any_measure(const Cell& cell, const Work& work, Is is) {
  return std::any_of(work.measures.begin(), work.measures.end(), [&](std::size_t m) { return is(cell.measures[m]); });
}

}  // namespace

bool needs_source(const Measure& measure) {
  const auto networks = networks_of(measure);
  return networks.start || networks.source;
}

std::string libraries(const Cell& cell) {
  std::string text;
  for (const Part* part : {cell.backbone.get(), cell.data.get(), cell.strategy.get()})
    text += (text.empty() ? "" : " ") + part->library.substr(0, 16);
  return text;
}

std::vector<Work> decide(const Plan& plan, const std::unordered_map<std::string, Known>& known, bool retry_failed) {
  std::vector<Work> work;
  work.reserve(plan.cells.size());
  std::vector<const Known*> knowns;
  for (const Cell& cell : plan.cells) {
    const auto found = known.find(cell.identity);
    knowns.push_back(found == known.end() ? nullptr : &found->second);
    work.push_back(first_look(cell, knowns.back(), retry_failed));
    look_at_measures(cell, knowns.back(), retry_failed, work.back());
  }
  // Dependents come after their sources, so a walk from the end knows what each source is needed for.
  for (std::size_t i = plan.cells.size(); i-- > 0;) {
    if (work[i].action == Work::Action::Hold) {
      work[i].measures.clear();
      work[i].held_measures.clear();
    }
    if (work[i].action == Work::Action::None && !knowns[i]->has_weights &&
        any_measure(plan.cells[i], work[i], of_end)) {
      work[i].action = Work::Action::Train;
      work[i].reason = fmt::format("done, but its weights are {} and measures are taken of them", lost(*knowns[i]));
    }
    if (work[i].action == Work::Action::Train) measure_all(plan.cells[i], work[i]);
    const int source = plan.cells[i].source;
    if (source < 0 || (work[i].action != Work::Action::Train && !any_measure(plan.cells[i], work[i], needs_source)))
      continue;
    const auto s = std::size_t(source);
    if (work[s].action == Work::Action::None && !knowns[s]->has_weights) {
      work[s].action = Work::Action::Train;
      work[s].reason = fmt::format("done, but its weights are {} and others start from them", lost(*knowns[s]));
    }
  }
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const int source = plan.cells[i].source;
    if (source < 0) continue;
    const auto s = std::size_t(source);
    if (work[i].action == Work::Action::None && work[s].action == Work::Action::Hold &&
        any_measure(plan.cells[i], work[i], needs_source)) {
      auto& measures = work[i].measures;
      const auto first = std::stable_partition(measures.begin(), measures.end(),
                                               [&](std::size_t m) { return !needs_source(plan.cells[i].measures[m]); });
      work[i].held_measures.insert(work[i].held_measures.end(), first, measures.end());
      measures.erase(first, measures.end());
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
