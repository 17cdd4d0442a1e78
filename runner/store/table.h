#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace cambium {

/// One value of a row, as SQLite has them; a blob comes as its bytes in a string.
using Field = std::variant<std::monostate, std::int64_t, double, std::string>;

/// Rows with named columns: what a query gives and a report prints.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Field>> rows;
};

/// What a query may take; 0: any.
struct QueryLimits {
  std::int64_t rows = 0;
  double seconds = 0;
};

}  // namespace cambium
