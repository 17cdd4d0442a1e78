#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "store/database.h"
#include "store/store.h"

namespace cambium {

/// A measure that could not be taken.
struct FailedMeasure {
  std::string measure;
  FailureKind kind = FailureKind::Error;
  std::string error, hint;
  double time = 0, seconds = 0;
  int version = 1;  ///< of its mathematics
};

std::unordered_map<std::string, std::map<std::string, MeasureStatus>> measure_statuses(Database& database);

/// Takes in a measure job's events, inside a transaction; gives the first thing that was wrong with the file.
std::optional<Error> take_measures(Database& database, std::int64_t cell, const std::filesystem::path& events);

/// Leaves a measure as it is that is taken already, by the same mathematics and of the cell's newest done run.
void put_failed_measure(Database& database, std::int64_t cell, const FailedMeasure& failed);

}  // namespace cambium
