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

/// Takes a database from version 1 to version 2.
void make_version_2(Database& database);
/// Its part for measures: by which mathematics and of which attempt each was taken.
void add_measure_versions(Database& database);

/// The SQL that makes the views, each part building on those before it.
std::string views();
std::string metric_views();      ///< what is known of each metric, and each cell's value of it
std::string mean_views();        ///< `means` and `leaderboard`
std::string statistics_views();  ///< `differences`, `paired` and `layers`
/// What a value of a measure is called as a metric, as an expression of `measurement` and `measured_value`.
std::string measured_metric();
/// Those of measures; and the tables behind them.
std::string measure_views();
std::string measure_tables();

}  // namespace cambium
