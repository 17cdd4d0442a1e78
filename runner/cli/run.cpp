#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>

#include "cambium/error.h"
#include "cli/compiled.h"
#include "cli/output.h"
#include "cli/passes.h"
#include "cli/progress.h"
#include "cli/study_name.h"
#include "cli/time_limit.h"
#include "cli/verbs.h"
#include "exec/rates.h"
#include "report/comparison.h"
#include "report/text.h"
#include "store/file_system.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium run experiments/quickstart.toml --db results/quickstart.db
  cambium run study.toml --workers 4 --data ~/data
  cambium run study.toml --retry-failed            those that failed, and what waits for them
  cambium run study.toml --set study.seeds='[0]'   only the cells of one seed; the study keeps the others
  cambium run study.toml --without share-prefixes  nothing of one cell is computed for another
  cambium run study.toml --time-limit 2h           a cell that takes longer fails, and the others go on
Ctrl-C and kill lose nothing: the same command goes on where it was, to the same numbers. Ctrl-Z halts the workers too, and
fg lets all go on. Where the terminal goes away it ends as by kill, unless it was begun with nohup.
Progress goes to standard error, the comparison at the end to standard output.)";

constexpr std::size_t kMostNamed = 10;
constexpr int kStopped = 130;
constexpr double kWorthTelling = 1;  ///< seconds

struct Options : StudyOptions {
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
  PassOptions passes;
  bool retry_failed = false, replace = false, quiet = false;
  std::string time_limit = "0", checkpoint = "30s";
  FiguresOptions figures;
};

std::string listed(const std::string& of, const std::string& what, const std::vector<Progress::Trouble>& troubles,
                   const Plan& plan, const CellNames& names) {
  if (troubles.empty()) return "";
  std::string text = fmt::format("{} {}:\n", counted(static_cast<std::int64_t>(troubles.size()), of), what);
  for (std::size_t i = 0; i < troubles.size(); ++i) {
    if (i == kMostNamed) {
      text += fmt::format("  and {} more\n", troubles.size() - i);
      break;
    }
    const std::size_t cell = troubles[i].cell;
    text += fmt::format("  {} ({}): {}\n", names(cell), plan.cells[cell].identity.substr(0, 12),
                        one_line(troubles[i].reason));
  }
  return text;
}

/// What was done, what was not, and how to go on.
std::string summary(const Options& options, const Plan& plan, const RunOutcome& outcome, const Progress& progress) {
  const CellNames names(plan);
  const auto all = static_cast<std::int64_t>(plan.cells.size());
  const bool trouble = outcome.failed + outcome.held + outcome.skipped + outcome.unmeasured + outcome.held_measures > 0;
  std::string text;
  if (outcome.already == all && (outcome.stopped || outcome.measured + outcome.unmeasured > 0)) {
    text = fmt::format("{} of {} cells are done already\n", all, all);
  } else if (outcome.already == all) {
    text = fmt::format("nothing to do: {} of {} cells are done\n", all, all);
  } else {
    text = fmt::format("{} trained in {}", counted(outcome.done, "cell"), duration(progress.seconds()));
    text += fmt::format("; {} of {} are done\n", outcome.already + outcome.done, all);
  }
  double took = 0;
  for (const auto& [backbone, trained] : outcome.trained) took += trained.seconds;
  if (took >= kWorthTelling)
    text += fmt::format("estimated {} of one core for that, took {}\n", duration(outcome.estimated), duration(took));
  if (outcome.measured > 0) text += fmt::format("{} taken of done cells\n", counted(outcome.measured, "measure"));
  text += listed("cell", "not measured in all that was asked", progress.unmeasured(), plan, names);
  text += listed("cell", "failed", progress.failed(), plan, names);
  text += listed("cell", "skipped", progress.skipped(), plan, names);
  text += listed("cell", "held back", progress.held(), plan, names);
  if (trouble) {
    const auto& first = !progress.failed().empty() ? progress.failed()
                        : !progress.held().empty() ? progress.held()
                                                   : progress.unmeasured();
    const std::string db = options.db == "results/cambium.db" ? "" : " --db " + options.db.string();
    if (!first.empty())
      text += fmt::format("`cambium show {}{}` tells more about one\n",
                          plan.cells[first.front().cell].identity.substr(0, 12), db);
    text += "the same command with --retry-failed tries them again\n";
  }
  if (outcome.stopped) text += "stopped; the same command goes on where it was\n";
  return text;
}

int run(const Options& options) {
  database_file(options.db);  // what is no file's name is refused before any work
  const double time_limit = read_duration(options.time_limit, "--time-limit");
  const double checkpoint_seconds = read_duration(options.checkpoint, "--checkpoint");
  const PassSettings passes = options.passes.settings();
  const auto plan = compile_study(options);
  if (!plan) return 2;
  const StoreLock lock(options.db, plan->name);
  Store store(options.db, Store::Mode::Write);
  if (const std::string kind = network_file_system(store.path().parent_path()); !kind.empty())
    tell(fmt::format("note: {} lies on a network file system ({}), and is written more slowly there\n",
                     options.db.string(), kind));
  const NameUse name = use_of_name(store, *plan, options.sets, options.replace);
  if (!name.notice.empty() && !options.quiet) tell(name.notice + "\n");
  RunOptions how;
  how.keep_study = name.keep;
  how.time_limit = time_limit;
  how.checkpoint_seconds = checkpoint_seconds;
  how.passes = passes;
  how.retry_failed = options.retry_failed;
  how.data_root = options.data_root();
  how.plugin_dirs = plugin_folders(options.plugins);
  RunOutcome outcome;
  std::string told;
  {
    Progress progress(*plan, store, options.quiet);
    outcome = run_plan(*plan, store, how, progress);
    told = summary(options, *plan, outcome, progress);
  }
  remember_rates(passes.rates, outcome.trained);
  Figures figures;
  try {
    figures = figures_of(store, plan->name, options.figures);
  } catch (const Error& error) {  // what was trained is told all the same
    told += fmt::format("{}\n    {}\n", error.message(), error.hint());
  }
  if (options.format == Format::Table) {
    print(comparison_text(store, plan->name, figures) + "\n" + told);
  } else {
    print(comparison(store, plan->name, figures), options.format);
    tell(told);
  }
  if (outcome.stopped) return kStopped;
  return outcome.failed + outcome.held + outcome.skipped + outcome.unmeasured + outcome.held_measures > 0 ? 1 : 0;
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("run", "trains what is missing of a study and compares its arms");
  add_study(*verb, *options);
  add_passes(*verb, options->passes);
  verb->add_flag("--retry-failed", options->retry_failed, "tries cells again that failed before");
  verb->add_option("--time-limit", options->time_limit,
                   "what an attempt at a cell may take at most, as 90s, 30m, 2h (default: any)")
      ->type_name("DURATION");
  verb->add_option("--checkpoint", options->checkpoint,
                   "how much of a cell's time a power cut or kill -9 may cost (default: 30s; 0: the last epoch)")
      ->type_name("DURATION");
  verb->add_flag("--replace", options->replace, "takes the name of another study that the database has");
  verb->add_flag("--quiet", options->quiet, "no progress");
  add_figures(*verb, options->figures);
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return run(*options); }; });
}

}  // namespace cambium
