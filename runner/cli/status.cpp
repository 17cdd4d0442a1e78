#include <CLI/App.hpp>
#include <memory>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium status
  cambium status mnist-to-fashion --db results/other.db
A cell is pending until a worker begins it; skipped, if what it starts from failed; interrupted cells go on with the next run.)";

constexpr const char* kSql = R"sql(
WITH kind AS (SELECT study, stage, failure, count(*) AS n FROM cells WHERE state = 'failed' GROUP BY study, stage, failure)
SELECT study, stage, count(*) AS cells,
  count(CASE WHEN state = 'done' THEN 1 END) AS done, count(CASE WHEN state = 'running' THEN 1 END) AS running,
  count(CASE WHEN state = 'failed' THEN 1 END) AS failed, count(CASE WHEN state = 'skipped' THEN 1 END) AS skipped,
  count(CASE WHEN state = 'interrupted' THEN 1 END) AS interrupted, count(CASE WHEN state = 'pending' THEN 1 END) AS pending,
  (SELECT group_concat(n || ' ' || failure, ', ') FROM kind WHERE kind.study = cells.study AND kind.stage = cells.stage) AS failures
FROM cells WHERE ?1 = '' OR study = ?1 GROUP BY study, stage ORDER BY study, min(position))sql";

struct Options {
  std::string study;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
};

int status(const Options& options) {
  const Store store(options.db, Store::Mode::Read);
  if (!options.study.empty()) require_study(store, options.study);
  const std::vector<Field> study = {options.study};
  print(store.query(kSql, study), options.format);
  return 0;
}

}  // namespace

void add_status(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("status", "tells how far each study is");
  verb->add_option("STUDY", options->study, "a study's name (default: all)");
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return status(*options); }; });
}

}  // namespace cambium
