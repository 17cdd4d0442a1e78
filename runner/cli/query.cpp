#include <CLI/App.hpp>
#include <memory>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "store/store.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium query "SELECT stage, arm, n, mean, lo95, hi95 FROM leaderboard"
  cambium query "SELECT step, avg(value) FROM curves WHERE metric = 'train_loss' GROUP BY step" --format csv
  cambium query "SELECT name FROM sqlite_schema WHERE type = 'view'"
docs/database.md describes the views. Queries only read; a study may be running meanwhile.)";

struct Options {
  std::string sql;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
};

int query(const Options& options) {
  print(Store(options.db, Store::Mode::Read).query(options.sql), options.format);
  return 0;
}

}  // namespace

void add_query(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("query", "asks the database, in SQL");
  verb->add_option("SQL", options->sql, "one SELECT statement")->required();
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return query(*options); }; });
}

}  // namespace cambium
