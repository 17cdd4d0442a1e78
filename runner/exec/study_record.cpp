#include "exec/study_record.h"

#include <fmt/format.h>

#include <filesystem>

namespace cambium {

StudyRecord record_of(const Plan& plan) {
  StudyRecord record;
  record.name = plan.name;
  record.path = std::filesystem::absolute(plan.path).lexically_normal().string();
  record.text = plan.text;
  record.baseline = plan.baseline;
  for (const Problem& warning : plan.warnings)
    record.warnings +=
        fmt::format("{}{}: {}", record.warnings.empty() ? "" : "\n", to_string(warning.place), warning.message);
  for (const Cell& cell : plan.cells) record.keep_all = record.keep_all && cell.keep_weights;
  for (const Cell& cell : plan.cells)
    record.cells.push_back({cell.identity, cell.group, std::int64_t(cell.seed), cell.backbone->component.plugin,
                            cell.data->component.plugin, cell.strategy->component.plugin, config_json(plan, cell),
                            cell.source >= 0 ? plan.cells[std::size_t(cell.source)].identity : "",
                            cell.network->trainable, cell.network->total});
  for (const Entry& entry : plan.entries)
    record.entries.push_back({plan.cells[entry.cell].identity, plan.stages[entry.stage], entry.arm, entry.axes,
                              entry.name, entry.factors, entry.replicate, entry.contest, entry.common});
  for (const auto& [stage, metric] : plan.choices) record.choices.push_back({plan.stages[stage], metric});
  return record;
}

}  // namespace cambium
