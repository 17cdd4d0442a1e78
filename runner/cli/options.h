#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/format.h"
#include "report/metric.h"

namespace CLI {
class App;
}

namespace cambium {

/// What is asked about: a study file, and what it is read with.
struct StudyOptions {
  std::filesystem::path study;
  std::string data;                  ///< --data; empty: not given
  std::vector<std::string> plugins;  ///< --plugins
  std::vector<std::string> sets;     ///< --set

  /// --data, else CAMBIUM_DATA, else "data"; absolute.
  std::filesystem::path data_root() const;
};

/// --plugins, then those of CAMBIUM_PLUGINS; absolute. Throws Error{Usage} for what is no folder.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::string>& given);

void add_study(CLI::App& verb, StudyOptions& options);
void add_plugins(CLI::App& verb, std::vector<std::string>& folders);
void add_db(CLI::App& verb, std::filesystem::path& db);
void add_format(CLI::App& verb, Format& format);

/// --metric and --all: which figures are shown.
struct FiguresOptions {
  std::string metric;
  bool all = false;
};
void add_figures(CLI::App& verb, FiguresOptions& options);
/// Throws Error{Usage} for a metric that no done cell of the study has.
Figures figures_of(const Store& store, const std::string& study, const FiguresOptions& options);

}  // namespace cambium
