#include <CLI/App.hpp>
#include <memory>
#include <optional>

#include "cambium/error.h"
#include "cli/named_query.h"
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
  cambium query --list
  cambium query --named arms study=quickstart --format markdown
  cambium query "SELECT name FROM sqlite_schema WHERE type = 'view'"
docs/database.md describes the views. Queries only read; a study may be running meanwhile.)";

/// A query that gives more is likely to have no end; a table for people is kept in memory until its end.
constexpr std::int64_t kMostRows = 10'000'000, kMostInTable = 1'000'000;

struct Options {
  std::vector<std::string> words;  ///< the SQL, or of a named query KEY=VALUE
  std::string named, time_limit = "2m";
  bool list = false;
  std::int64_t limit = -1;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
};

int list(const Options& options) {
  Table table{{"query", "tells", "takes"}, {}};
  for (const NamedQuery& one : named_queries(options.db)) {
    std::string takes;
    for (const auto& parameter : one.parameters)
      takes += (takes.empty() ? "" : " ") + parameter.name + "=" + (parameter.required ? "..." : parameter.preset);
    table.rows.push_back({one.name, one.about, takes});
  }
  print(table, options.format);
  return 0;
}

int query(const Options& options) {
  if (options.list) return list(options);
  std::string sql;
  std::vector<Field> parameters;
  if (!options.named.empty()) {
    const NamedQuery named = find_query(named_queries(options.db), options.named);
    parameters = bound(named, options.words);
    sql = named.sql;
  } else if (options.words.size() == 1) {
    sql = options.words.front();
  } else {
    throw Error(ErrorKind::Usage, options.words.empty() ? "there is no query" : "a query is one word",
                "give one SELECT statement in quotes, or --named NAME; `cambium query --list` tells the names");
  }
  QueryLimits limits;
  limits.rows = options.limit >= 0                                                ? options.limit
                : options.format == Format::Csv || options.format == Format::Json ? kMostRows
                                                                                  : kMostInTable;
  limits.seconds = read_duration(options.time_limit, "--time-limit");
  const Store store(options.db, Store::Mode::Read);
  std::optional<RowWriter> writer;
  store.query(
      sql, limits,
      [&](std::vector<std::string> columns) {
        writer.emplace(options.format, text_columns(columns.size()), [](std::string_view text) { print(text); });
        writer->begin(std::move(columns));
      },
      [&](std::vector<Field> row) { writer->add(std::move(row)); }, parameters);
  writer->end();
  return 0;
}

}  // namespace

void add_query(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("query", "asks the database, in SQL");
  verb->add_option("SQL", options->words, "one SELECT statement; with --named, what it is told: KEY=VALUE")
      ->type_name("")
      ->allow_extra_args(true);
  verb->add_option("--named", options->named, "a query by its name, of queries/ beside the database or Cambium's own")
      ->type_name("NAME");
  verb->add_flag("--list", options->list, "tells which named queries there are");
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
