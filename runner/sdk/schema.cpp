#include "cambium/schema.h"

#include <algorithm>
#include <stdexcept>

namespace cambium {
namespace {

template <class T>
const T& get(const std::map<std::string, ParamValue>& values, std::string_view name) {
  const auto found = values.find(std::string(name));
  if (found == values.end())
    throw std::logic_error("no parameter " + std::string(name) + " was declared, or it is not read here");
  const T* value = std::get_if<T>(&found->second);
  if (!value) throw std::logic_error("parameter " + std::string(name) + " was declared with another type");
  return *value;
}

template <class T>
std::optional<ParamValue> as_value(std::optional<T> value) {
  if (!value) return std::nullopt;
  return ParamValue(std::move(*value));
}

}  // namespace

std::string_view to_string(ParamType type) {
  switch (type) {
    case ParamType::Boolean:
      return "boolean";
    case ParamType::Integer:
      return "integer";
    case ParamType::Number:
      return "number";
    case ParamType::String:
      return "string";
    case ParamType::Choice:
      return "choice";
    case ParamType::Path:
      return "path";
    case ParamType::Integers:
      return "list of integers";
    case ParamType::Numbers:
      return "list of numbers";
    case ParamType::Strings:
      return "list of strings";
    case ParamType::Table:
      return "table of numbers";
  }
  return "";
}

Schema& Schema::boolean(std::string name, std::optional<bool> value, std::string doc) {
  return add({std::move(name), ParamType::Boolean, as_value(value), {}, {}, std::move(doc), {}, {}});
}
Schema& Schema::integer(std::string name, std::optional<std::int64_t> value, Range range, std::string doc) {
  return add({std::move(name), ParamType::Integer, as_value(value), range, {}, std::move(doc), {}, {}});
}
Schema& Schema::number(std::string name, std::optional<double> value, Range range, std::string doc) {
  return add({std::move(name), ParamType::Number, as_value(value), range, {}, std::move(doc), {}, {}});
}
Schema& Schema::string(std::string name, std::optional<std::string> value, std::string doc) {
  return add({std::move(name), ParamType::String, as_value(std::move(value)), {}, {}, std::move(doc), {}, {}});
}
Schema& Schema::choice(std::string name, std::optional<std::string> value, std::vector<std::string> choices,
                       std::string doc) {
  return add(
      {std::move(name), ParamType::Choice, as_value(std::move(value)), {}, std::move(choices), std::move(doc), {}, {}});
}
Schema& Schema::path(std::string name, std::optional<std::string> value, std::string doc) {
  return add({std::move(name), ParamType::Path, as_value(std::move(value)), {}, {}, std::move(doc), {}, {}});
}
Schema& Schema::integers(std::string name, std::optional<std::vector<std::int64_t>> value, Range range,
                         std::string doc) {
  return add({std::move(name), ParamType::Integers, as_value(std::move(value)), range, {}, std::move(doc), {}, {}});
}
Schema& Schema::numbers(std::string name, std::optional<std::vector<double>> value, Range range, std::string doc) {
  return add({std::move(name), ParamType::Numbers, as_value(std::move(value)), range, {}, std::move(doc), {}, {}});
}
Schema& Schema::strings(std::string name, std::optional<std::vector<std::string>> value, std::string doc) {
  return add({std::move(name), ParamType::Strings, as_value(std::move(value)), {}, {}, std::move(doc), {}, {}});
}
Schema& Schema::table(std::string name, std::optional<std::map<std::string, double>> value, Range range,
                      std::string doc) {
  return add({std::move(name), ParamType::Table, as_value(std::move(value)), range, {}, std::move(doc), {}, {}});
}

Schema& Schema::when(std::string key, std::vector<std::string> values) {
  if (parameters_.empty() || !find(key))
    throw std::logic_error("when(" + key + ") must follow that parameter's declaration");
  parameters_.back().when_key = std::move(key);
  parameters_.back().when_values = std::move(values);
  return *this;
}

Schema& Schema::add(Parameter parameter) {
  if (find(parameter.name)) throw std::logic_error("parameter " + parameter.name + " is declared twice");
  parameters_.push_back(std::move(parameter));
  return *this;
}

const Parameter* Schema::find(std::string_view name) const {
  for (const Parameter& parameter : parameters_)
    if (parameter.name == name) return &parameter;
  return nullptr;
}

bool Params::boolean(std::string_view name) const { return get<bool>(values_, name); }
std::int64_t Params::integer(std::string_view name) const { return get<std::int64_t>(values_, name); }
double Params::number(std::string_view name) const { return get<double>(values_, name); }
const std::string& Params::string(std::string_view name) const { return get<std::string>(values_, name); }
const std::vector<std::int64_t>& Params::integers(std::string_view name) const {
  return get<std::vector<std::int64_t>>(values_, name);
}
const std::vector<double>& Params::numbers(std::string_view name) const {
  return get<std::vector<double>>(values_, name);
}
const std::vector<std::string>& Params::strings(std::string_view name) const {
  return get<std::vector<std::string>>(values_, name);
}
const std::map<std::string, double>& Params::table(std::string_view name) const {
  return get<std::map<std::string, double>>(values_, name);
}

namespace {

/// Levenshtein's distance, a swap of neighbours counting as one edit.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> suggestion(std::string_view word, const std::vector<std::string>& names) {
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(word, name);
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  return best;
}

}  // namespace cambium
