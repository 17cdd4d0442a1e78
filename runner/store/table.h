#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cambium {

/// One value of a row, as SQLite has them; a blob comes as its bytes in a string.
using Field = std::variant<std::monostate, std::int64_t, double, std::string>;

/// A field's number, whole or not; its text, or none.
inline std::optional<double> number(const Field& field) {
  if (const auto* integer = std::get_if<std::int64_t>(&field)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&field)) return *real;
  return std::nullopt;
}
inline std::string text(const Field& field) {
  const auto* text = std::get_if<std::string>(&field);
  return text == nullptr ? "" : *text;
}

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
