#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>

#include "cambium/error.h"
#include "cli/cells.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "report/paired.h"
#include "report/pairing.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium compare quickstart --db results/quickstart.db
  cambium compare layers --baseline base             each arm against the arm called base
  cambium compare layers --baseline pretrain/base    where several stages have one of that name
  cambium compare layers --stage transfer --format csv
  cambium compare layers --metric source_test_accuracy    any metric or measure that was recorded
  cambium compare quickstart/AnB quickstart/BnB      two arms, as STUDY/ARM or STUDY/STAGE/ARM, of one study or two
  cambium compare monday tuesday                     two studies: each arm with the one of its stage and label
  cambium compare 3f2a91 77b0c4                      two cells, by the first digits of their identities
Differences are by pairs of equal replicate and seed; docs/statistics.md tells what is computed and how to read it.
Without --baseline: the study's own, else the first arm that trains from scratch, else the first arm.)";

struct Options {
  std::string study, other, baseline, stage;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
  FiguresOptions figures;
};

Table without_columns(Table table, const std::vector<std::string>& names) {
  for (std::size_t column = table.columns.size(); column-- > 0;) {
    if (std::find(names.begin(), names.end(), table.columns[column]) == names.end()) continue;
    table.columns.erase(table.columns.begin() + std::ptrdiff_t(column));
    for (auto& row : table.rows) row.erase(row.begin() + std::ptrdiff_t(column));
  }
  return table;
}

void print_settings(const Table& settings, const Options& options) {
  if (options.format != Format::Table) return;
  print(settings.rows.empty() ? "\nTheir settings are alike.\n"
                              : "\nWhere their settings differ:\n" + to_text(settings));
}

int compare_sides(const Store& store, const Side& one, const Side& other, const Options& options) {
  const Metric metric = find_metric(store, one.study, options.figures.metric);
  const auto found = outcomes(store, one, other, metric);
  if (found.empty())
    throw Error(ErrorKind::Usage,
                fmt::format("{} and {} share no arm of one stage and label", options.study, options.other),
                "compare two arms instead: STUDY/ARM");
  Table table{{"stage", "arm", "pairs", "missing", "repeats", "one", "other", "difference", "from", "to"}, {}};
  const auto shown = [&](const std::optional<double>& value) {
    return value ? Field(metric.parts ? 100 * *value : *value) : Field();
  };
  std::int64_t missing = 0;
  for (const Outcome& outcome : found) {
    missing += outcome.missing;
    table.rows.push_back({outcome.stage, outcome.arm, outcome.n, outcome.missing, outcome.repeats, shown(outcome.one),
                          shown(outcome.other), shown(outcome.difference), shown(outcome.lo), shown(outcome.hi)});
  }
  std::vector<std::string> needless;
  if (!one.arm.empty()) needless = {"stage", "arm"};
  if (missing == 0) needless.push_back("missing");
  if (options.format == Format::Table)
    print(fmt::format("{} minus {}, {}, by pairs of equal replicate and seed, with the 95 % interval:\n", options.study,
                      options.other, metric.title()));
  print(without_columns(table, needless), options.format);
  print_settings(settings_between(store, one, other), options);
  return 0;
}

int compare_cells(const Store& store, const Options& options) {
  const std::string one = find_cell(store, options.study), other = find_cell(store, options.other);
  if (options.format == Format::Table)
    print(fmt::format("cell {} and cell {}:\n", one.substr(0, 12), other.substr(0, 12)));
  print(metrics_between(store, one, other), options.format);
  print_settings(settings_between(store, one, other), options);
  return 0;
}

/// Two arms, two studies or two cells.
int compare_two(const Store& store, const Options& options) {
  const auto one = find_side(store, options.study), other = find_side(store, options.other);
  if (one && other && one->arm.empty() == other->arm.empty()) return compare_sides(store, *one, *other, options);
  const auto is_cell = [](const std::string& text) {
    return text.size() >= 4 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  };
  if (!one && !other && is_cell(options.study) && is_cell(options.other)) return compare_cells(store, options);
  if (one && other)
    throw Error(ErrorKind::Usage, "an arm cannot be compared with a whole study",
                "name two arms (STUDY/ARM) or two studies");
  const std::string& unknown = one ? options.other : options.study;
  if (unknown.find('/') == std::string::npos) require_study(store, unknown);
  const std::string study = unknown.substr(0, unknown.find('/'));
  require_study(store, study);
  throw Error(ErrorKind::Usage,
              fmt::format("study \"{}\" has no arm \"{}\", or several", study, unknown.substr(study.size() + 1)),
              fmt::format("`cambium leaderboard {}` lists them; STUDY/STAGE/ARM names one of several", study));
}

int compare(const Options& options) {
  const Store store(options.db, Store::Mode::Read);
  if (!options.other.empty()) return compare_two(store, options);
  require_study(store, options.study);
  const Baseline baseline = find_baseline(store, options.study, options.baseline, options.stage);
  const Figures figures = figures_of(store, options.study, options.figures);
  if (options.format == Format::Table)
    print(paired_text(store, options.study, baseline, figures));
  else
    print(paired_table(store, options.study, baseline, figures), options.format);
  return 0;
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("compare", "compares a study's arms with one of them, by pairs");
  verb->add_option("STUDY", options->study, "the study's name; of two: an arm, a study or a cell")->required();
  verb->add_option("OTHER", options->other, "what it is held against, of the same kind");
  verb->add_option("--baseline", options->baseline, "the arm that the others are compared with")->type_name("ARM");
  verb->add_option("--stage", options->stage, "the stage of the arms (default: the study's last)")->type_name("STAGE");
  add_figures(*verb, options->figures);
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return compare(*options); }; });
}

}  // namespace cambium
