#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "cambium/error.h"
#include "cli/compiled.h"
#include "cli/output.h"
#include "cli/passes.h"
#include "cli/verbs.h"
#include "exec/coordinator.h"
#include "plan/repeats.h"
#include "report/power.h"
#include "report/text.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium plan experiments/quickstart.toml
  cambium plan study.toml --cells                  a row a cell, with the reason for each
  cambium plan study.toml --retry-failed           what `run --retry-failed` would do
  cambium plan study.toml --without batch-heads    what it would come to without that pass
  cambium plan study.toml --cells --format csv > cells.csv
  cambium plan study.toml --detect 1.0             independent pairs for a difference of 1 point
  cambium plan study.toml --detect 1.0 --assume-sd 1.5
Nothing is written. What the database knows already is not done again, whichever study asked for it.)";

struct Options : StudyOptions {
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
  PassOptions passes;
  bool cells = false, retry_failed = false;
  std::optional<double> detect, assume_sd;  ///< in points of percent
};

const char* to_string(Work::Action action) {
  switch (action) {
    case Work::Action::None:
      return "nothing";
    case Work::Action::Train:
      return "train";
    case Work::Action::Hold:
      return "hold";
  }
  return "";
}

/// What is to be done about a cell: one thing for its training, and one for the measures taken of it.
struct Task {
  std::string action, reason;
};

std::vector<Task> tasks_of(const Cell& cell, const Work& work) {
  const auto named = [&](const std::vector<std::size_t>& measures) {
    std::string text;
    for (const std::size_t m : measures) text += (text.empty() ? "" : ", ") + label(cell.measures[m]);
    return text;
  };
  std::vector<Task> tasks;
  const bool more = !work.measures.empty() || !work.held_measures.empty();
  if (work.action != Work::Action::None || !more) tasks.push_back({to_string(work.action), work.reason});
  if (!work.measures.empty())
    tasks.push_back({"measure", fmt::format("{}: {}", work.measure_reason, named(work.measures))});
  if (!work.held_measures.empty())
    tasks.push_back({"hold measure", fmt::format("{}: {}", named(work.held_measures), work.held_reason)});
  return tasks;
}

/// A row a task of a place in the study.
Table rows_by_cell(const Plan& plan, const std::vector<Work>& work) {
  Table table{{"stage", "arm", "replicate", "seed", "cell", "action", "reason"}, {}};
  for (const Entry& entry : plan.entries) {
    const Cell& cell = plan.cells[entry.cell];
    for (const Task& task : tasks_of(cell, work[entry.cell]))
      table.rows.push_back({plan.stages[entry.stage], entry.arm, entry.replicate, static_cast<std::int64_t>(cell.seed),
                            cell.identity.substr(0, 12), task.action, task.reason});
  }
  return table;
}

/// A row for each stage, action and reason, with the number of cells.
Table rows_by_reason(const Plan& plan, const std::vector<Work>& work) {
  std::map<std::tuple<std::size_t, std::string, std::string>, std::int64_t> cells;
  for (const Entry& entry : plan.entries)
    for (const Task& task : tasks_of(plan.cells[entry.cell], work[entry.cell]))
      ++cells[{entry.stage, task.action, task.reason}];
  Table table{{"stage", "action", "cells", "reason"}, {}};
  for (const auto& [key, count] : cells) {
    const auto& [stage, action, reason] = key;
    table.rows.push_back({plan.stages[stage], action, count, reason});
  }
  return table;
}

/// How the grid's points came to fewer cells.
std::string merged(const Plan& plan) {
  std::string text;
  for (const Merge& merge : plan.merges) {
    const std::string why = merge.unread.empty() ? "the rest are cells that were there already"
                                                 : fmt::format("it does not read {}", fmt::join(merge.unread, ", "));
    text += fmt::format("  {}, {}: {} came to {}; {}\n", plan.stages[merge.stage], merge.strategy,
                        counted(merge.points, "point"),
                        counted(merge.cells, merge.cells == merge.points ? "cell" : "new cell"), why);
  }
  return text;
}

/// Independent repeats of the last stage's arms, at most.
std::int64_t planned_pairs(const Plan& plan) {
  std::int64_t most = 0;
  const auto repeats = repeats_of(plan);
  if (!repeats.empty())
    for (const auto& [arm, of_arm] : repeats.rbegin()->second) most = std::max(most, of_arm.count());
  return most;
}

/// What it takes to resolve the difference looked for.
std::string detection(const Options& options, const Plan& plan) {
  std::vector<PairedDifference> seen;
  if (!options.assume_sd && std::filesystem::exists(database_file(options.db))) {
    const Store store(options.db, Store::Mode::Read);
    const std::vector<Field> name = {plan.name};
    if (!store.query("SELECT 1 FROM leaderboard WHERE study = ? LIMIT 1", name).rows.empty())
      seen = paired_differences(store, plan.name, find_baseline(store, plan.name, "", ""));
  }
  return detection_text(*options.detect, options.assume_sd, seen, planned_pairs(plan));
}

int plan(const Options& options) {
  const std::filesystem::path database = database_file(options.db);
  const PassSettings passes = options.passes.settings();
  const auto plan = compile_study(options);
  if (!plan) return 2;
  std::unordered_map<std::string, Known> known;
  if (std::filesystem::exists(database)) known = known_cells(*plan, Store(database, Store::Mode::Read));
  const std::vector<Work> work = decide(*plan, known, options.retry_failed);

  const Table rows = options.cells ? rows_by_cell(*plan, work) : rows_by_reason(*plan, work);
  if (options.assume_sd && !options.detect)
    throw Error(ErrorKind::Usage, "--assume-sd is for --detect alone", "add the difference looked for: --detect 1.0");
  if (options.format != Format::Table) {
    print(rows, options.format);
    return 0;
  }
  const auto count = [&](Work::Action action) {
    return std::count_if(work.begin(), work.end(), [&](const Work& w) { return w.action == action; });
  };
  std::string text = fmt::format("study \"{}\": {} {}, {}\n\n", plan->name, counted(plan->points, "point"),
                                 plan->points == 1 ? "with its seed" : "with their seeds",
                                 counted(static_cast<std::int64_t>(plan->cells.size()), "cell"));
  if (const std::string merges = merged(*plan); !merges.empty()) text += "merged\n" + merges + "\n";
  print(text);
  print(rows, Format::Table);
  const auto to_measure = std::count_if(work.begin(), work.end(), [](const Work& w) { return !w.measures.empty(); });
  print(fmt::format("\n{} to train, {} done{}{}\n", counted(count(Work::Action::Train), "cell"),
                    count(Work::Action::None),
                    to_measure == 0 ? "" : fmt::format(", measures to take of {}", counted(to_measure, "cell")),
                    count(Work::Action::Hold) == 0
                        ? ""
                        : fmt::format(", {} held; --retry-failed tries those again", count(Work::Action::Hold))));
  if (const std::string table = passes_text(run_passes(*plan, work, passes)); !table.empty()) print("\n" + table);
  if (options.detect) print("\n" + detection(options, *plan));
  return 0;
}

}  // namespace

void add_plan(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("plan", "tells what a study comes to, what merges, and what would run and why");
  add_study(*verb, *options);
  verb->add_flag("--cells", options->cells, "a row a cell");
  verb->add_flag("--retry-failed", options->retry_failed, "as if failed cells were to be tried again");
  verb->add_option("--detect", options->detect,
                   "how many independent pairs would resolve a difference of so many points")
      ->type_name("POINTS")
      ->check(CLI::Range(1e-3, 100.0).description(""));
  verb->add_option("--assume-sd", options->assume_sd,
                   "the standard deviation of a paired difference, in points (default: as seen so far)")
      ->type_name("POINTS")
      ->check(CLI::Range(1e-3, 100.0).description(""));
  add_passes(*verb, options->passes);
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return plan(*options); }; });
}

}  // namespace cambium
