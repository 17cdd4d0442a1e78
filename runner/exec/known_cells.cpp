#include <filesystem>
#include <set>

#include "exec/coordinator.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

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
    switch (*status.state) {
      case RunState::Done:
        cell.state = Known::State::Done;
        break;
      case RunState::Failed:
        cell.state = status.failure == FailureKind::Killed ? Known::State::Killed : Known::State::Failed;
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
        const State state = measure.failure == FailureKind::None     ? State::Done
                            : measure.failure == FailureKind::Killed ? State::Killed
                                                                     : State::Failed;
        cell.measures[name] = {state, measure.error, measure.version, measure.of_run};
      }
    if (sources.count(i) || !plan.cells[i].measures.empty())
      for (const Artifact& artifact : status.weights) {
        std::error_code absent;
        if (std::int64_t(fs::file_size(artifact.path, absent)) != artifact.bytes || absent) cell.has_weights = false;
      }
    known.emplace(plan.cells[i].identity, std::move(cell));
  }
  return known;
}

}  // namespace cambium
