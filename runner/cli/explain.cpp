#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>

#include "cambium/error.h"
#include "cambium/schema.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "study/origin.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium explain study.toml train.lr                      in every stage
  cambium explain study.toml stage.transfer.train.epochs
  cambium explain study.toml study.seeds --set study.seeds='[0]'
A value comes from the file itself, from one that it includes, or from --set; which line says it is told.)";

struct Options {
  std::string study, key;
  std::vector<std::string> sets;
  Format format = Format::Table;
};

int explain(const Options& options) {
  Problems problems;
  const auto study = load_study(options.study, options.sets, problems);
  tell(problems);
  if (!study || problems.has_errors()) return 2;
  const std::vector<Origin> found = origins(*study, options.key);
  if (found.empty()) {
    const auto near = suggestion(options.key, given_keys(*study));
    throw Error(
        ErrorKind::Usage, fmt::format("{}: nothing in it says {}", options.study, options.key),
        near ? fmt::format("did you mean {}?", *near)
             : "its default holds, where it has one: `cambium plugins NAME` or `cambium plugins train` tells it");
  }
  Table table{{"stage", "value", "kind", "where"}, {}};
  for (const Origin& one : found)
    table.rows.push_back({one.stage.empty() ? Field() : Field(one.stage), one.value,
                          one.how.empty() ? std::string("value") : one.how, to_string(one.place)});
  print(table, options.format);
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("explain", "tells which line, include or --set gave a value");
  verb->add_option("STUDY", options->study, "the study, a TOML file")->required();
  verb->add_option("KEY", options->key, "train.lr, stage.transfer.strategy, study.seeds, ...")->required();
  verb->add_option("--set", options->sets, "as `run` takes it; again and again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return explain(*options); }; });
}

}  // namespace cambium
