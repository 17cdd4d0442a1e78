#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/parts.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

std::string range_text(const Range& range) {
  const bool below = std::isfinite(range.minimum), above = std::isfinite(range.maximum);
  if (below && above) return fmt::format("from {} to {}", range.minimum, range.maximum);
  return below ? fmt::format("{} or more", range.minimum) : fmt::format("{} or less", range.maximum);
}

std::string expected(const Parameter& parameter) {
  switch (parameter.type) {
    case ParamType::Boolean:
      return "true or false";
    case ParamType::Integer:
      return "a whole number";
    case ParamType::Number:
      return "a number";
    case ParamType::String:
      return "a text in quotes";
    case ParamType::Choice:
      return fmt::format("one of {}", fmt::join(parameter.choices, ", "));
    case ParamType::Path:
      return "a path in quotes, under the data root";
    case ParamType::Integers:
      return one_or_pair(parameter) ? "a whole number, or [width, height]" : "a list of whole numbers";
    case ParamType::Numbers:
      return "a list of numbers";
    case ParamType::Strings:
      return "a list of texts";
    case ParamType::Table:
      return "a table of numbers, as in { name = 0.1 }";
  }
  return "";
}

/// Converts one value; says what is wrong at the element that is.
class Converter {
 public:
  Converter(const Parameter& parameter, std::string owner, Problems& problems)
      : parameter_(parameter), owner_(std::move(owner)), problems_(problems) {}

  std::optional<ParamValue> convert(const Value& value) {
    if (value.is_unreadable()) return problems_.told(), std::nullopt;
    switch (parameter_.type) {
      case ParamType::Boolean:
        if (value.is_bool()) return std::get<bool>(value.data);
        break;
      case ParamType::Integer:
        if (auto whole = integer(value)) return *whole;
        return std::nullopt;
      case ParamType::Number:
        if (auto number = real(value)) return *number;
        return std::nullopt;
      case ParamType::String:
      case ParamType::Path:
        if (value.is_string()) return value.string();
        break;
      case ParamType::Choice:
        return choice(value);
      case ParamType::Integers:
        if (one_or_pair(parameter_)) return one_or_two(value);
        return list<std::int64_t>(value, [this](const Value& v) { return integer(v); });
      case ParamType::Numbers:
        return list<double>(value, [this](const Value& v) { return real(v); });
      case ParamType::Strings:
        return list<std::string>(value, [this](const Value& v) -> std::optional<std::string> {
          if (v.is_string()) return v.string();
          return wrong(v), std::nullopt;
        });
      case ParamType::Table:
        return table(value);
    }
    wrong(value);
    return std::nullopt;
  }

 private:
  void wrong(const Value& value) {
    problems_.error(value.place, fmt::format("{} of {} is {}", parameter_.name, owner_, describe(value)),
                    "it takes " + expected(parameter_) +
                        (value.is_moment() ? "; a date that is meant as a text stands in quotes" : ""));
  }

  std::optional<double> in_range(const Value& value, double number) {
    const Range& range = parameter_.range;
    if (number >= range.minimum && number <= range.maximum) return number;  // false for NaN
    problems_.error(value.place, fmt::format("{} of {} is {}, out of range", parameter_.name, owner_, canonical(value)),
                    std::isnan(number) ? "write a number" : fmt::format("it takes {}", range_text(range)));
    return std::nullopt;
  }

  std::optional<double> real(const Value& value) {
    if (!value.is_number()) return wrong(value), std::nullopt;
    return in_range(value, value.number() == 0 ? 0.0 : value.number());
  }

  std::optional<std::int64_t> integer(const Value& value) {
    const auto whole = value.whole();
    if (!whole) return wrong(value), std::nullopt;
    return in_range(value, value.number()) ? whole : std::nullopt;
  }

  std::optional<ParamValue> choice(const Value& value) {
    if (!value.is_string()) return wrong(value), std::nullopt;
    if (std::find(parameter_.choices.begin(), parameter_.choices.end(), value.string()) != parameter_.choices.end())
      return value.string();
    const auto near = value.string().size() > 2 ? suggestion(value.string(), parameter_.choices) : std::nullopt;
    problems_.error(value.place, fmt::format("{} of {} cannot be \"{}\"", parameter_.name, owner_, value.string()),
                    near ? fmt::format("did you mean \"{}\"?", *near) : "it takes " + expected(parameter_));
    return std::nullopt;
  }

  template <class T, class Element>
  std::optional<ParamValue> list(const Value& value, Element element) {
    if (!value.is_array()) return wrong(value), std::nullopt;
    std::vector<T> result;
    for (const Value& item : value.array()) {
      auto converted = element(item);
      if (!converted) return std::nullopt;
      result.push_back(*converted);
    }
    return ParamValue(std::move(result));
  }

  std::optional<ParamValue> one_or_two(const Value& value) {
    if (!value.is_array()) {
      if (auto whole = integer(value)) return *whole;
      return std::nullopt;
    }
    auto both = list<std::int64_t>(value, [this](const Value& v) { return integer(v); });
    if (!both) return std::nullopt;
    const auto& sides = std::get<std::vector<std::int64_t>>(*both);
    if (sides.size() == 2 && sides[0] > 0 && sides[1] > 0) return both;
    problems_.error(value.place, fmt::format("{} of {} is {}", parameter_.name, owner_, canonical(value)),
                    "it takes a whole number, or [width, height], both above 0; several values are an axis and belong "
                    "in a grid");
    return std::nullopt;
  }

  std::optional<ParamValue> table(const Value& value) {
    if (!value.is_table()) return wrong(value), std::nullopt;
    std::map<std::string, double> result;
    for (const Value::Member& member : value.table()) {
      const auto number = real(member.value);
      if (!number) return std::nullopt;
      result[member.key] = *number;
    }
    return ParamValue(std::move(result));
  }

  const Parameter& parameter_;
  std::string owner_;
  Problems& problems_;
};

}  // namespace

std::optional<ParamValue> convert(const Value& value, const Parameter& parameter, const std::string& owner,
                                  Problems& problems) {
  return Converter(parameter, owner, problems).convert(value);
}

bool is_read(const Parameter& parameter, const Params& params) {
  if (parameter.when_key.empty()) return true;
  const auto found = params.values().find(parameter.when_key);
  if (found == params.values().end()) return false;
  std::string value;
  if (const bool* boolean = std::get_if<bool>(&found->second)) value = *boolean ? "true" : "false";
  if (const std::string* text = std::get_if<std::string>(&found->second)) value = *text;
  return std::find(parameter.when_values.begin(), parameter.when_values.end(), value) != parameter.when_values.end();
}

}  // namespace cambium
