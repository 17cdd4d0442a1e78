#include "cli/options.h"

#include <CLI/App.hpp>
#include <cstdlib>

#include "cambium/error.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

fs::path StudyOptions::data_root() const {
  if (!data.empty()) return fs::absolute(data);
  const std::string set = environment("CAMBIUM_DATA");
  return fs::absolute(set.empty() ? "data" : set);
}

std::vector<fs::path> plugin_folders(const std::vector<std::string>& given) {
  std::vector<fs::path> folders;
  const auto add = [&](const std::string& folder, const char* where) {
    if (!fs::is_directory(folder))
      throw Error(ErrorKind::Usage, folder + ": there is no such plugin folder",
                  std::string("it is named by ") + where);
    folders.push_back(fs::absolute(folder));
  };
  for (const std::string& folder : given) add(folder, "--plugins");
  std::string rest = environment("CAMBIUM_PLUGINS");
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    if (const std::string folder = rest.substr(0, colon); !folder.empty()) add(folder, "CAMBIUM_PLUGINS");
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return folders;
}

void add_study(CLI::App& verb, StudyOptions& options) {
  verb.add_option("STUDY", options.study, "the study, a TOML file")->required();
  verb.add_option("--set", options.sets, "sets a value of the study: stage.transfer.train.lr=0.01; again and again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--data", options.data, "where data and weights lie (default: $CAMBIUM_DATA, else data)")
      ->type_name("DIR");
  add_plugins(verb, options.plugins);
}

void add_plugins(CLI::App& verb, std::vector<std::string>& folders) {
  verb.add_option("--plugins", folders,
                  "a folder of plugins beside the built-in ones; again and again, then $CAMBIUM_PLUGINS")
      ->type_name("DIR")
      ->allow_extra_args(false);
}

void add_db(CLI::App& verb, fs::path& db) {
  verb.add_option("--db", db, "the database (default: results/cambium.db)")->type_name("FILE");
}

void add_format(CLI::App& verb, Format& format) {
  verb.add_option_function<std::string>(
          "--format",
          [&format](const std::string& name) {
            const auto found = format_named(name);
            if (!found)
              throw Error(ErrorKind::Usage, "--format " + name + ": there is no such format",
                          "take table, csv, json, markdown or latex");
            format = *found;
          },
          "how rows are printed: table, csv, json, markdown or latex")
      ->type_name("FORMAT");
}

void add_figures(CLI::App& verb, FiguresOptions& options) {
  verb.add_option("--metric", options.metric,
                  "what is compared: test_loss, source_test_accuracy, ece, knn, ... (default: test_accuracy)")
      ->type_name("METRIC");
  verb.add_flag("--all", options.all, "figures of points that were not chosen too, where a stage selects");
}

Figures figures_of(const Store& store, const std::string& study, const FiguresOptions& options) {
  return {find_metric(store, study, options.metric), options.all};
}

}  // namespace cambium
