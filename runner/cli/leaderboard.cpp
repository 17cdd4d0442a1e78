#include <CLI/App.hpp>
#include <memory>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "report/comparison.h"
#include "report/paper.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium leaderboard quickstart --db results/quickstart.db
  cambium leaderboard rates --metric test_loss
  cambium leaderboard sweep --top 10                           the ten best, best first
  cambium leaderboard sweep --by backbone --top 3              the three best of each; or --by train.lr, any key
  cambium leaderboard rates --format latex                     for a paper: booktabs, the best in bold
  cambium leaderboard rates --all --format csv > points.csv    points that validation did not choose, too
It is the table that `run` ends with. The views leaderboard and means (docs/database.md) have more columns.)";

struct Options {
  std::string study, by, spread = "pm";
  std::int64_t top = 0;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
  FiguresOptions figures;
};

int leaderboard(const Options& options) {
  const Store store(options.db, Store::Mode::Read);
  require_study(store, options.study);
  const Figures figures = figures_of(store, options.study, options.figures);
  const Spread spread = options.spread == "pm" ? Spread::PlusMinus : Spread::Interval;
  if (!options.by.empty() || options.top > 0)
    print(best_arms(store, options.study, figures, options.by, options.top), options.format);
  else if (options.format == Format::Markdown || options.format == Format::Latex)
    print(paper_table(store, options.study, figures, spread, options.format));
  else if (options.format == Format::Table)
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
  verb->add_option("--by", options->by,
                   "groups arms by stage, backbone, dataset, strategy or a key as train.lr, best first")
      ->type_name("KEY");
  verb->add_option("--top", options->top, "only the best K, of each group")
      ->type_name("K")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description(""));
  verb->add_option("--spread", options->spread,
                   "in markdown and latex: pm (62.5 ± 0.7) or interval (62.5 [61.8, 63.2])")
      ->type_name("HOW")
      ->check(
          [](const std::string& how) { return how == "pm" || how == "interval" ? "" : how + ": take pm or interval"; });
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return leaderboard(*options); }; });
}

}  // namespace cambium
