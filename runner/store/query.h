#pragma once

#include <span>
#include <string>

#include "store/database.h"
#include "store/table.h"

namespace cambium {

/// Runs one statement that only reads. Throws Error{Store} for anything that would write, attach a file or set a
/// pragma, for a second statement, and with SQLite's words, and a suggestion, for whatever SQLite cannot make out.
Table run_query(Database& database, const std::string& sql, std::span<const Field> parameters);

}  // namespace cambium
