#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <memory>

#include "cambium/error.h"
#include "cli/cells.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "report/cell_report.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium show 3f2a91                              a cell, by the first digits of its identity
  cambium show quickstart/transfer                 the cells of a stage, to choose from
  cambium show 3f2a91 --format csv > curve.csv     its curves, every epoch
  cambium show 3f2a91 --format json                all of it)";

constexpr std::size_t kTextColumns = 60;

struct Options {
  std::string cell;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
};

int show_stage(const Store& store, const Options& options) {
  const std::size_t slash = options.cell.find('/');
  const std::string study = options.cell.substr(0, slash), stage = options.cell.substr(slash + 1);
  require_study(store, study);
  const std::vector<Field> where = {study, stage};
  const Table cells = store.query(
      "SELECT cell, arm, replicate, seed, state, attempts, epochs, test_accuracy, seconds, error FROM cells "
      "WHERE study = ?1 AND (?2 = '' OR stage = ?2) ORDER BY position",
      where);
  if (cells.rows.empty())
    throw Error(ErrorKind::Usage, fmt::format("study \"{}\" has no stage \"{}\"", study, stage),
                fmt::format("`cambium status {}` lists its stages", study));
  print(cells, options.format);
  return 0;
}

int show(const Options& options) {
  const Store store(options.db, Store::Mode::Read);
  if (options.cell.find('/') != std::string::npos) return show_stage(store, options);
  const CellReport report = cell_report(store, find_cell(store, options.cell));
  switch (options.format) {
    case Format::Table:
      print(to_text(report, isatty(STDOUT_FILENO) ? kTextColumns : 0));
      break;
    case Format::Csv:
      print(report.curves, Format::Csv);
      break;
    case Format::Json:
      print(to_json(report));
      break;
    case Format::Markdown:
    case Format::Latex:
      print(report.metrics, options.format);
      break;
  }
  return 0;
}

}  // namespace

void add_show(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("show", "tells all about one cell: configuration, attempts, curves, weights");
  verb->add_option("CELL", options->cell, "the first digits of a cell's identity, or STUDY/STAGE")->required();
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return show(*options); }; });
}

}  // namespace cambium
