#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <memory>

#include "cambium/error.h"
#include "cli/layers.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/parameters.h"
#include "cli/reference.h"
#include "cli/verbs.h"
#include "exec/worker_resolver.h"
#include "protocol/measures.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium plugins                      backbones, data sets and strategies that a study can name
  cambium plugins idx                  what the data set idx can be told
  cambium plugins train                what a stage's train table can be told; data: any data table
  cambium plugins exported --path data/nets/mine.pt2   the layers of a network that is a file
  cambium plugins measures             what can be measured of a cell; docs/measures.md says how to read it
  cambium plugins --plugins my/build   with plugins of your own; docs/plugins.md shows how to write one)";

/// The runner's own settings are asked for by the names of their tables.
constexpr const char* kTrain = "train";
constexpr const char* kData = "data";
constexpr const char* kMeasures = "measures";

struct Options {
  std::string name;
  std::vector<std::string> plugins;
  Format format = Format::Table;
  bool reference = false;
  LayersRequest layers;
};

void print_list(const Description& description, Format format) {
  Table table{{"kind", "name", "version", "doc"}, {}};
  for (const PluginKind kind : {PluginKind::Backbone, PluginKind::Dataset, PluginKind::Strategy})
    for (const PluginInfo& plugin : description.plugins)
      if (plugin.kind == kind) table.rows.push_back({to_string(kind), plugin.name, plugin.version, plugin.doc});
  print(table, format);
  if (format == Format::Table)
    print("\n`cambium plugins NAME` tells what one can be told; `cambium plugins train`, how to train\n");
}

void print_named(const Description& description, const Options& options) {
  Table rows = parameter_rows();
  std::vector<std::string> names = {kTrain, kData, kMeasures};
  bool found = std::find(names.begin(), names.end(), options.name) != names.end();
  const auto section = [&](const std::string& title, const std::string& owner, const Schema& schema) {
    Table own = parameter_rows();
    add_parameters(own, owner, schema);
    rows.rows.insert(rows.rows.end(), own.rows.begin(), own.rows.end());
    if (options.format != Format::Table) return;
    print(title + "\n");
    if (own.rows.empty()) print("  it has no parameters\n");
    if (!own.rows.empty()) print(without_owner(own), Format::Table);
  };
  if (options.name == kData) section("data: what is made of every data set", kData, data_schema());
  if (options.name == kMeasures)
    for (const MeasureInfo& measure : measure_infos())
      section(fmt::format("measure {}: {}", measure.name, measure.doc), measure.name, measure.schema);
  if (options.name == kTrain)
    section("train: how a stage's cells are trained, whatever the plugins", kTrain, train_schema());
  for (const PluginInfo& plugin : description.plugins) {
    names.push_back(plugin.name);
    if (plugin.name != options.name) continue;
    if (found && options.format == Format::Table) print("\n");
    found = true;
    section(fmt::format("{} {}, version {}: {}", to_string(plugin.kind), plugin.name, plugin.version, plugin.doc),
            plugin.name, plugin.schema);
    if (plugin.kind != PluginKind::Dataset) continue;
    if (options.format == Format::Table) print("\n");
    section("and as for every data set", kData, data_schema());
  }
  if (!found) {
    const auto near = suggestion(options.name, names);
    throw Error(ErrorKind::Usage, fmt::format("there is no plugin \"{}\"", options.name),
                near ? fmt::format("did you mean \"{}\"?", *near)
                     : "`cambium plugins` lists what there is; --plugins DIR adds a folder");
  }
  if (options.format != Format::Table) print(rows, options.format);
}

int plugins(const Options& options) {
  WorkerResolver resolver(plugin_folders(options.plugins));
  const Description& description = resolver.describe();
  for (const PluginProblem& problem : description.problems)
    tell(fmt::format("{}: error: {}\n{}", problem.path, problem.message,
                     problem.hint.empty() ? "" : "    " + problem.hint + "\n"));
  if (!options.layers.path.empty()) {
    LayersRequest request = options.layers;
    request.plugin = options.name;
    print_layers(resolver, request, options.format);
  } else if (options.reference)
    print(strategies_page(description));
  else if (options.name.empty())
    print_list(description, options.format);
  else
    print_named(description, options);
  return description.problems.empty() ? 0 : 1;
}

}  // namespace

void add_plugins(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("plugins", "tells what there is to combine, and what each can be told");
  verb->add_option("NAME", options->name, "a plugin, or train, data or measures");
  add_plugins(*verb, options->plugins);
  add_format(*verb, options->format);
  verb->add_flag("--reference", options->reference, "prints the page of all strategies, docs/strategies.md");
  auto* path = verb->add_option("--path", options->layers.path, "a network's file: shows the layers that it has");
  verb->add_option("--units", options->layers.units, "of --path: how fine its layers are")->needs(path);
  verb->add_option("--image", options->layers.image, "of --path: its images, 3x224x224 unless its card says")
      ->needs(path);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return plugins(*options); }; });
}

}  // namespace cambium
