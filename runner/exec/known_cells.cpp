#include <filesystem>
#include <set>

#include "cambium/error.h"
#include "cambium/files.h"
#include "exec/coordinator.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

bool is_whole(const WeightsRef& weights) {
  try {
    return sha256_file(weights.path) == weights.sha256;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::unordered_map<std::string, Known> known_cells(const Plan& plan, const Store& store) {
  const auto statuses = store.statuses();
  const auto measures = store.measures();
  std::set<std::size_t> sources;
  for (const Cell& cell : plan.cells)
    if (cell.source >= 0) sources.insert(std::size_t(cell.source));
  std::unordered_map<std::string, Known> known;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const auto found = statuses.find(plan.cells[i].identity);
    if (found == statuses.end() || !found->second.state) continue;
    const CellStatus& status = found->second;
    Known cell;
    cell.attempts = status.attempts;
    cell.epochs = status.epochs;
    cell.error = status.error;
    cell.machine_tries = status.machine_tries;
    cell.plugins = status.plugins;
    switch (*status.state) {
      case RunState::Done:
        cell.state = Known::State::Done;
        break;
      case RunState::Failed:
        cell.state = is_machines(status.failure) ? Known::State::Machine : Known::State::Failed;
        break;
      case RunState::Skipped:
        cell.state = Known::State::Skipped;
        break;
      case RunState::Running:
      case RunState::Interrupted:
        cell.state = Known::State::Interrupted;
        break;
    }
    cell.has_weights = !status.weights.empty();
    if (const auto taken = measures.find(plan.cells[i].identity); taken != measures.end())
      for (const auto& [name, measure] : taken->second) {
        using State = KnownMeasure::State;
        const State state = measure.failure == FailureKind::None ? State::Done
                            : is_machines(measure.failure)       ? State::Machine
                                                                 : State::Failed;
        cell.measures[name] = {state, measure.error, measure.version, measure.of_run};
      }
    if (sources.count(i) || !plan.cells[i].measures.empty())
      for (const Artifact& artifact : status.weights) {
        cell.weights[artifact.kind] = {artifact.path, artifact.sha256};
        std::error_code absent;
        if (std::int64_t(fs::file_size(artifact.path, absent)) != artifact.bytes || absent) cell.has_weights = false;
      }
    known.emplace(plan.cells[i].identity, std::move(cell));
  }
  return known;
}

std::vector<Work> decide_whole(const Plan& plan, std::unordered_map<std::string, Known>& known, bool retry_failed) {
  std::set<std::pair<std::size_t, std::string>> seen;
  for (;;) {
    std::vector<Work> work = decide(plan, known, retry_failed);
    bool all_whole = true;
    const auto look = [&](std::size_t cell, const std::string& kind) {
      if (work[cell].action != Work::Action::None || !seen.insert({cell, kind}).second) return;
      Known& of = known.at(plan.cells[cell].identity);
      const auto weights = of.weights.find(kind);
      if (!of.has_weights || weights == of.weights.end() || is_whole(weights->second)) return;
      of.has_weights = all_whole = false;
      of.damaged = true;
    };
    for (std::size_t i = 0; i < plan.cells.size(); ++i) {
      const bool measured = !work[i].measures.empty();
      if (measured) look(i, "last");
      if (plan.cells[i].source >= 0 && (measured || work[i].action == Work::Action::Train))
        look(std::size_t(plan.cells[i].source), plan.cells[i].source_weights);
    }
    if (all_whole) return work;
  }
}

}  // namespace cambium
