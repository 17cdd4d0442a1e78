#include <CLI/App.hpp>
#include <memory>
#include <optional>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/time_limit.h"
#include "cli/verbs.h"
#include "report/row_writer.h"
#include "store/store.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium query "SELECT stage, arm, n, mean, lo95, hi95 FROM leaderboard"
  cambium query "SELECT step, avg(value) FROM curves WHERE metric = 'train_loss' GROUP BY step" --format csv
  cambium query "SELECT name FROM sqlite_schema WHERE type = 'view'"
docs/database.md describes the views. Queries only read; a study may be running meanwhile.)";

/// A query that gives more is likely to have no end; a table for people is kept in memory until its end.
constexpr std::int64_t kMostRows = 10'000'000, kMostInTable = 1'000'000;

struct Options {
  std::string sql, time_limit = "2m";
  std::int64_t limit = -1;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
};

int query(const Options& options) {
  QueryLimits limits;
  limits.rows = options.limit >= 0 ? options.limit : options.format == Format::Table ? kMostInTable : kMostRows;
  limits.seconds = read_duration(options.time_limit, "--time-limit");
  const Store store(options.db, Store::Mode::Read);
  std::optional<RowWriter> writer;
  store.query(
      options.sql, limits,
      [&](std::vector<std::string> columns) {
        writer.emplace(options.format, text_columns(columns.size()), [](std::string_view text) { print(text); });
        writer->begin(std::move(columns));
      },
      [&](std::vector<Field> row) { writer->add(std::move(row)); });
  writer->end();
  return 0;
}

}  // namespace

void add_query(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("query", "asks the database, in SQL");
  verb->add_option("SQL", options->sql, "one SELECT statement")->required();
  verb->add_option("--limit", options->limit,
                   "ends it after N rows (default: 10,000,000, as a table 1,000,000); 0: never")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 50).description(""));
  verb->add_option("--time-limit", options->time_limit, "ends it after that long (default: 2m)")->type_name("DURATION");
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return query(*options); }; });
}

}  // namespace cambium
