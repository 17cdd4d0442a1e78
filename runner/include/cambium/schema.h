#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cambium {

/// The value of one parameter. Numbers are doubles, integers are 64 bits; a path stays as the study wrote it.
using ParamValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>,
                                std::vector<std::string>, std::map<std::string, double>>;

enum class ParamType { Boolean, Integer, Number, String, Choice, Path, Integers, Numbers, Strings, Table };

/// "integer", "list of numbers", ... as messages and the reference page write it.
std::string_view to_string(ParamType type);

/// Closed interval that a number, or each number of a list or table, must lie in.
struct Range {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
};

/// The declaration of one parameter.
struct Parameter {
  std::string name;
  ParamType type = ParamType::String;
  std::optional<ParamValue> default_value;  ///< none: the study must give it
  Range range;
  std::vector<std::string> choices;  ///< of a Choice
  std::string doc;                   ///< one line

  /// Read only where parameter `when_key` has one of `when_values`; always where `when_key` is empty.
  std::string when_key;
  std::vector<std::string> when_values;
};

/// What a plugin can be told. From this one declaration come parsing, range errors, suggestions, the reference page,
/// the stored configuration and the identity: a cell's hash covers just the parameters declared here.
///
///     Schema().integer("width", 32, {1, 4096}, "channels of the first layer").boolean("batch_norm", true, "...")
///
/// Pass `std::nullopt` as the default for a parameter that a study must give.
class Schema {
 public:
  Schema& boolean(std::string name, std::optional<bool> value, std::string doc);
  Schema& integer(std::string name, std::optional<std::int64_t> value, Range range, std::string doc);
  Schema& number(std::string name, std::optional<double> value, Range range, std::string doc);
  Schema& string(std::string name, std::optional<std::string> value, std::string doc);
  Schema& choice(std::string name, std::optional<std::string> value, std::vector<std::string> choices, std::string doc);
  /// A file or folder under the data root. Never part of the identity: the bytes are, through Dataset::fingerprint.
  Schema& path(std::string name, std::optional<std::string> value, std::string doc);
  Schema& integers(std::string name, std::optional<std::vector<std::int64_t>> value, Range range, std::string doc);
  Schema& numbers(std::string name, std::optional<std::vector<double>> value, Range range, std::string doc);
  Schema& strings(std::string name, std::optional<std::vector<std::string>> value, std::string doc);
  /// Numbers by name, as in `rates = { conv1 = 1e-4, head = 1e-3 }`.
  Schema& table(std::string name, std::optional<std::map<std::string, double>> value, Range range, std::string doc);

  /// The parameter declared last is read only where `key` (a choice or boolean declared before) has one of `values`.
  Schema& when(std::string key, std::vector<std::string> values);

  /// Adds a parameter as it is. Throws std::logic_error for a name declared twice: a bug in the plugin.
  Schema& add(Parameter parameter);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  const Parameter* find(std::string_view name) const;

 private:
  std::vector<Parameter> parameters_;
};

/// A plugin's parameters: checked against its schema and filled in with the defaults.
/// The getters throw std::logic_error for a name or type that the schema did not declare: a bug in the plugin.
class Params {
 public:
  Params() = default;
  explicit Params(std::map<std::string, ParamValue> values) : values_(std::move(values)) {}

  bool has(std::string_view name) const { return values_.count(std::string(name)) != 0; }
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  const std::string& string(std::string_view name) const;  ///< strings, choices and paths
  const std::vector<std::int64_t>& integers(std::string_view name) const;
  const std::vector<double>& numbers(std::string_view name) const;
  const std::vector<std::string>& strings(std::string_view name) const;
  const std::map<std::string, double>& table(std::string_view name) const;

  void set(std::string name, ParamValue value) { values_[std::move(name)] = std::move(value); }
  const std::map<std::string, ParamValue>& values() const { return values_; }
  bool operator==(const Params&) const = default;

 private:
  std::map<std::string, ParamValue> values_;
};

/// The nearest of `names` to `word` by edit distance, if one is near enough to be meant.
std::optional<std::string> suggestion(std::string_view word, const std::vector<std::string>& names);

}  // namespace cambium
