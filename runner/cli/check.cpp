#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>

#include "cli/compiled.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "report/text.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium check experiments/quickstart.toml
  cambium check study.toml --set stage.transfer.train.lr=0.01      would it still be right with this value?
Exit status 2 if anything is wrong.)";

int check(const StudyOptions& options) {
  const auto plan = compile_study(options);
  if (!plan) return 2;
  std::vector<std::int64_t> cells(plan->stages.size());
  for (const Entry& entry : plan->entries) ++cells[entry.stage];
  std::string stages;
  for (std::size_t s = 0; s < cells.size(); ++s)
    stages += fmt::format("{}{} {}", s == 0 ? "" : ", ", plan->stages[s], cells[s]);
  print(fmt::format("{}: study \"{}\" is right: {} in {} ({})\n", options.study.string(), plan->name,
                    counted(static_cast<std::int64_t>(plan->cells.size()), "cell"),
                    counted(static_cast<std::int64_t>(cells.size()), "stage"), stages));
  return 0;
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  const auto options = std::make_shared<StudyOptions>();
  CLI::App* verb = app.add_subcommand("check", "tells everything that is wrong with a study, before anything runs");
  add_study(*verb, *options);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return check(*options); }; });
}

}  // namespace cambium
