#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cambium/error.h"

namespace cambium {

/// A date or a time, as TOML has them; nothing in a study takes one.
struct Moment {
  std::string kind, text;  ///< "date", "2020-01-01"
  bool operator==(const Moment&) const = default;
};

/// Stands for a value that could not be read; why is told already, and nothing more is to be said of it.
struct Unreadable {
  bool operator==(const Unreadable&) const = default;
};

/// A TOML value that knows where it stands. Tables keep the file's order.
struct Value {
  struct Member;
  using Array = std::vector<Value>;
  using Table = std::vector<Member>;

  std::variant<bool, std::int64_t, double, std::string, Array, Table, Moment, Unreadable> data = false;
  Place place;

  bool is_bool() const { return std::holds_alternative<bool>(data); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(data); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(data); }
  bool is_string() const { return std::holds_alternative<std::string>(data); }
  bool is_array() const { return std::holds_alternative<Array>(data); }
  bool is_table() const { return std::holds_alternative<Table>(data); }
  bool is_moment() const { return std::holds_alternative<Moment>(data); }
  bool is_unreadable() const { return std::holds_alternative<Unreadable>(data); }

  double number() const;  ///< of a number
  /// The integer 2 and the number 2.0 alike; nothing for anything else.
  std::optional<std::int64_t> whole() const;
  const std::string& string() const { return std::get<std::string>(data); }
  const Array& array() const { return std::get<Array>(data); }
  Array& array() { return std::get<Array>(data); }
  const Table& table() const { return std::get<Table>(data); }
  Table& table() { return std::get<Table>(data); }

  /// The member `key` of a table, or null.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  /// Sets member `key` of a table.
  void set(const std::string& key, Place key_place, Value value);
};

struct Value::Member {
  std::string key;
  Place place;  ///< of the key
  Value value;
};

/// "a table", "the integer 3", ... for messages.
std::string describe(const Value& value);
/// As a study would write it; tables sorted by key, numbers in their shortest form: equal for equal values.
std::string canonical(const Value& value);
/// A step of a dotted key, in quotes where TOML wants them: "v1.0".
std::string quoted_step(const std::string& step);
/// Numbers by value (1 equals 1.0), strings, booleans, arrays and tables by content.
bool same(const Value& a, const Value& b);
/// `over` on top of `base`: tables merge, everything else is replaced.
void merge(Value& base, const Value& over);
/// Puts `value` at dotted `key` below table `root`, making tables on the way.
void assign(Value& root, std::string_view key, const Value& value, Place key_place);
/// The value at dotted `key`, or null.
const Value* find_path(const Value& root, std::string_view key);

}  // namespace cambium
