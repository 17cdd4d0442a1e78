#include <CLI/App.hpp>
#include <memory>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "report/comparison.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium leaderboard quickstart --db results/quickstart.db
  cambium leaderboard rates --metric test_loss
  cambium leaderboard rates --all --format csv > points.csv    points that validation did not choose, too
It is the table that `run` ends with. The views leaderboard and means (docs/database.md) have more columns.)";

struct Options {
  std::string study;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
  FiguresOptions figures;
};

int leaderboard(const Options& options) {
  const Store store(options.db, Store::Mode::Read);
  require_study(store, options.study);
  const Figures figures = figures_of(store, options.study, options.figures);
  if (options.format == Format::Table)
    print(comparison_text(store, options.study, figures));
  else
    print(comparison(store, options.study, figures), options.format);
  return 0;
}

}  // namespace

void add_leaderboard(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("leaderboard", "shows a study's arms, with means and intervals");
  verb->add_option("STUDY", options->study, "the study's name")->required();
  add_figures(*verb, options->figures);
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return leaderboard(*options); }; });
}

}  // namespace cambium
