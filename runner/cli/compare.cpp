#include <CLI/App.hpp>
#include <memory>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "report/paired.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium compare quickstart --db results/quickstart.db
  cambium compare layers --baseline base             each arm against the arm called base
  cambium compare layers --baseline pretrain/base    where several stages have one of that name
  cambium compare layers --stage transfer --format csv
  cambium compare layers --metric source_test_accuracy    any metric or measure that was recorded
Differences are by pairs of equal replicate and seed; docs/statistics.md tells what is computed and how to read it.
Without --baseline: the study's own, else the first arm that trains from scratch, else the first arm.)";

struct Options {
  std::string study, baseline, stage;
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
  FiguresOptions figures;
};

int compare(const Options& options) {
  const Store store(options.db, Store::Mode::Read);
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
  verb->add_option("STUDY", options->study, "the study's name")->required();
  verb->add_option("--baseline", options->baseline, "the arm that the others are compared with")->type_name("ARM");
  verb->add_option("--stage", options->stage, "the stage of the arms (default: the study's last)")->type_name("STAGE");
  add_figures(*verb, options->figures);
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return compare(*options); }; });
}

}  // namespace cambium
