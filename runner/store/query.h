#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/table.h"

namespace cambium {

/// Tells the columns of a query's result, and then each row as it comes.
struct RowSink {
  std::function<void(std::vector<std::string>)> begin;
  std::function<void(std::vector<Field>)> row;
};

/// Runs one statement that only reads. Throws Error{Store} for anything that would write, attach a file or set a
/// pragma, for a second statement, and with SQLite's words, and a suggestion, for whatever SQLite cannot make out.
Table run_query(Database& database, const std::string& sql, std::span<const Field> parameters);

/// The same, row by row; one that comes to a limit ends with an error that names it.
void stream_query(Database& database, const std::string& sql, std::span<const Field> parameters,
                  const QueryLimits& limits, const RowSink& sink);

}  // namespace cambium
