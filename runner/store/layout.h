#pragma once

#include <functional>
#include <string>
#include <vector>

namespace cambium {

class Database;

/// What the database looks like. Its version is the number of steps: step i takes a file of version i to i + 1, and a
/// new file takes them all, so that a migrated file and a new one are alike.
struct Layout {
  std::vector<std::function<void(Database&)>> steps;
  std::string views;  ///< made anew after any step; nothing depends on them

  int version() const { return static_cast<int>(steps.size()); }
};

/// The layout of this version of Cambium.
const Layout& layout();

/// The step from version 1 to 2.
void make_version_2(Database& database);

/// The SQL that makes the views.
std::string views();
std::string statistics_views();  ///< `paired` and `layers`, which build on views()
/// Those of measures; and the tables behind them.
std::string measure_views();
std::string measure_tables();

}  // namespace cambium
