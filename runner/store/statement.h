#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/table.h"

struct sqlite3_stmt;

namespace cambium {

class Database;

/// A prepared statement, after SQLiteCpp's Statement: bind, step, read columns (counted from 0). Private to this room.
class Statement {
 public:
  /// Prepares the first statement of `sql`; what follows it goes to `rest`. Without `rest`, `sql` is one statement.
  Statement(const Database& database, std::string_view sql, std::string_view* rest = nullptr);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Resets, then binds `values` to ?1, ?2, ... Texts are copied. NaN is bound as NULL, since SQLite has no NaN.
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (put(++index, values), ...);
    return *this;
  }
  /// True for a row; false at the end, and the statement is then reset. Throws Error{Store}.
  bool step();
  /// Binds `values` and runs to the end.
  template <class... Values>
  void run(const Values&... values) {
    bind(values...);
    while (step()) {
    }
  }
  void reset();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;  ///< empty for NULL
  Field field(int column) const;

  bool is_empty() const { return handle_ == nullptr; }  ///< blanks and comments only
  int columns() const;
  std::string column_name(int column) const;
  int parameters() const;
  bool is_read_only() const;
  /// Binds one value, counted from 1.
  void put(int index, std::int64_t value);
  void put(int index, int value) { put(index, std::int64_t{value}); }
  void put(int index, double value);
  void put(int index, std::string_view value);
  void put(int index, std::nullptr_t);
  template <class T>
  void put(int index, const std::optional<T>& value) {
    value ? put(index, *value) : put(index, nullptr);
  }
  void put_field(int index, const Field& value);

 private:
  void check(int code) const;

  const Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace cambium
