#include "cli/compiled.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/few_pairs.h"
#include "cli/output.h"
#include "exec/worker_resolver.h"
#include "plan/compile.h"
#include "study/study.h"

namespace cambium {

namespace {

std::optional<Plan> compiled(const Study& study, const StudyOptions& options, Problems& problems) {
  WorkerResolver resolver(plugin_folders(options.plugins));
  for (const PluginProblem& problem : resolver.describe().problems)
    problems.warning({problem.path, 0, 0}, problem.message, problem.hint);
  auto plan = compile(study, resolver, options.data_root(), problems);
  if (plan) {
    check_pairs(study, *plan, problems);
    plan->warnings = problems.sorted();
  }
  return plan;
}

}  // namespace

std::optional<Plan> compile_study(const StudyOptions& options) {
  Problems problems;
  std::optional<Plan> plan;
  try {
    const Study study = read_study(options.study, options.sets, problems);
    if (!study.stages.empty()) plan = compiled(study, options, problems);
  } catch (...) {
    tell(problems);  // what was found before is not lost
    throw;
  }
  tell(problems);
  if (problems.has_errors()) return std::nullopt;
  return plan;
}

CellNames::CellNames(const Plan& plan) : plan_(plan), entries_(plan.cells.size(), nullptr) {
  for (const Entry& entry : plan.entries)
    if (entries_[entry.cell] == nullptr) entries_[entry.cell] = &entry;
}

std::string CellNames::operator()(std::size_t cell) const {
  const Entry& entry = *entries_[cell];
  std::string text = fmt::format("{}, {}", plan_.stages[entry.stage], entry.arm);
  const auto replicate = nlohmann::json::parse(entry.replicate);
  for (const auto& [key, value] : replicate.items())
    text += fmt::format(", {} {}", key.substr(key.rfind('.') + 1),
                        value.is_string() ? value.get<std::string>() : value.dump());
  return fmt::format("{}, seed {}", text, plan_.cells[cell].seed);
}

}  // namespace cambium
