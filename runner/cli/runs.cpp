#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <memory>

#include "cambium/error.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium runs --limit 20                          the newest
  cambium runs --study quickstart --state failed
  cambium runs --format csv > runs.csv
`cambium show CELL` tells more about one; the view runs (docs/database.md) has more columns.)";

constexpr std::array kStates = {"running", "done", "failed", "interrupted", "skipped"};

struct Options {
  std::string study, state;
  std::int64_t limit = -1;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
};

int runs(const Options& options) {
  if (!options.state.empty() && std::find(kStates.begin(), kStates.end(), options.state) == kStates.end())
    throw Error(ErrorKind::Usage, fmt::format("--state {}: there is no such state", options.state),
                fmt::format("take {}", fmt::join(kStates, ", ")));
  const Store store(options.db, Store::Mode::Read);
  if (!options.study.empty()) require_study(store, options.study);
  const std::vector<Field> parameters = {options.study, options.state, options.limit};
  Table table = store.query(
      "SELECT study, stage, arm, replicate, seed, cell, attempt, state, failure, epochs, test_accuracy, val_accuracy, "
      "train_loss, seconds, "
      "error "
      "FROM runs WHERE (?1 = '' OR study = ?1) AND (?2 = '' OR state = ?2) "
      "ORDER BY run IS NULL DESC, run DESC, position DESC LIMIT ?3",
      parameters);
  std::reverse(table.rows.begin(), table.rows.end());  // in the order in which they began, skipped cells at the end
  print(table, options.format);
  return 0;
}

}  // namespace

void add_runs(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("runs", "lists attempts at cells, the newest last");
  verb->add_option("--study", options->study, "only this study's")->type_name("NAME");
  verb->add_option("--state", options->state, "only those: running, done, failed, interrupted or skipped")
      ->type_name("STATE");
  verb->add_option("--limit", options->limit, "only the newest N")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description(""));
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return runs(*options); }; });
}

}  // namespace cambium
