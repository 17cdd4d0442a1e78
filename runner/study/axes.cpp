#include "study/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cambium/schema.h"

namespace cambium {
namespace {

constexpr std::int64_t kMostValues = 1'000'000;
const std::vector<std::string> kSpecKeys = {"log", "linear", "range", "num"};

bool is_spec(const Value& value) {
  for (const std::string& key : kSpecKeys)
    if (value.find(key)) return true;
  return false;
}

void flatten(const std::string& prefix, const Value& table, Value& flat, Problems& problems) {
  for (const Value::Member& member : table.table()) {
    const std::string key = prefix.empty() ? member.key : prefix + "." + member.key;
    if (member.value.is_table() && !is_spec(member.value)) {
      flatten(key, member.value, flat, problems);
    } else if (flat.find(key)) {
      problems.error(member.place, fmt::format("axis {} is there twice", key), "keep one of the two");
    } else {
      flat.set(key, member.place, member.value);
    }
  }
}

double rounded(double number) { return std::strtod(fmt::format("{:.11e}", number).c_str(), nullptr); }

/// The numbers of `spec`, `least` to `most` of them, told as `what`; empty after an error.
std::vector<double> numbers(const Value& spec, std::size_t least, std::size_t most, const std::string& what,
                            const std::string& shape, Problems& problems) {
  std::vector<double> result;
  if (spec.is_array())
    for (const Value& element : spec.array())
      if (element.is_number() && std::isfinite(element.number())) result.push_back(element.number());
  if (!spec.is_array() || result.size() != spec.array().size() || result.size() < least || result.size() > most) {
    problems.error(spec.place, fmt::format("{} is {}, and not of the form {}", what, canonical(spec), shape),
                   "write numbers, as in " + shape);
    return {};
  }
  return result;
}

std::vector<Value> spread(const std::string& key, const Value& value, bool log, Problems& problems) {
  const char* kind = log ? "log" : "linear";
  const Value* ends = value.find(kind);
  const auto range = numbers(*ends, 2, 2, fmt::format("{} of axis {}", kind, key), "[first, last]", problems);
  const Value* num = value.find("num");
  if (!num) {
    problems.error(value.place, fmt::format("axis {} does not say how many values", key),
                   fmt::format("add num = 2 or more, as in {{ {} = {}, num = 5 }}", kind, canonical(*ends)));
    return {};
  }
  const auto count = num->whole();
  if (!count || *count < 2 || *count > kMostValues) {
    problems.error(
        num->place, fmt::format("num of axis {} is {}", key, describe(*num)),
        fmt::format("it takes a whole number from 2 to {}: so many values, both ends among them", kMostValues));
    return {};
  }
  if (range.empty()) return {};
  if (log && (range[0] <= 0 || range[1] <= 0)) {
    problems.error(ends->place,
                   fmt::format("log of axis {} runs over positive numbers, and {} is not one", key,
                               canonical(range[0] <= 0 ? ends->array()[0] : ends->array()[1])),
                   "use linear, or ends above 0");
    return {};
  }
  std::vector<Value> values;
  for (std::int64_t i = 0; i < *count; ++i) {
    const double t = double(i) / double(*count - 1);
    const double x = log ? range[0] * std::pow(range[1] / range[0], t) : range[0] + (range[1] - range[0]) * t;
    values.push_back({rounded(x), ends->place});
  }
  return values;
}

std::vector<Value> ranged(const std::string& key, const Value& value, Problems& problems) {
  const Value& spec = *value.find("range");
  auto range =
      numbers(spec, 2, 3, fmt::format("range of axis {}", key), "[first, last] or [first, last, step]", problems);
  if (range.empty()) return {};
  bool whole = true;
  for (const Value& element : spec.array()) whole = whole && element.whole();
  const double step = range.size() == 3 ? range[2] : 1;
  const double count = step == 0 ? -1 : std::floor((range[1] - range[0]) / step * (1 + 1e-12) + 1e-9) + 1;
  if (count < 1 || count > double(kMostValues)) {
    problems.error(spec.place, fmt::format("range of axis {} holds {} values", key, count < 1 ? "no" : "too many"),
                   "give first, last and a step that leads from one to the other");
    return {};
  }
  std::vector<Value> values;
  for (std::int64_t i = 0; i < std::int64_t(count); ++i) {
    const double x = rounded(range[0] + step * double(i));
    if (whole)
      values.push_back({std::int64_t(x), spec.place});
    else
      values.push_back({x, spec.place});
  }
  return values;
}

}  // namespace

Value flatten_grid(const Value& grid, Problems& problems) {
  Value flat{Value::Table{}, grid.place};
  flatten("", grid, flat, problems);
  return flat;
}

std::vector<Value> axis_values(const std::string& key, const Value& value, Problems& problems) {
  if (value.is_array()) {
    if (value.array().empty())
      problems.error(value.place, fmt::format("axis {} has no values: the grid is empty", key),
                     "give it at least one, or leave the axis out");
    return value.array();
  }
  if (!value.is_table()) {
    problems.error(value.place, fmt::format("axis {} is {}, not a list", key, describe(value)),
                   fmt::format("write [{}] to make it an axis, or set {} in the stage itself", canonical(value), key));
    return {};
  }
  int kinds = 0;
  for (const Value::Member& member : value.table()) {
    if (member.key == "log" || member.key == "linear" || member.key == "range") ++kinds;
    const auto near = suggestion(member.key, kSpecKeys);
    if (std::find(kSpecKeys.begin(), kSpecKeys.end(), member.key) == kSpecKeys.end()) {
      problems.error(member.place, fmt::format("axis {} knows no {}", key, member.key),
                     near ? fmt::format("did you mean {}?", *near) : "it takes log, linear or range, and num");
      return {};
    }
  }
  if (kinds != 1) {
    problems.error(value.place,
                   fmt::format("axis {} says {} of log, linear and range", key, kinds ? "more than one" : "none"),
                   "write one, as in { log = [1e-4, 1e-2], num = 5 }");
    return {};
  }
  if (value.find("range")) {
    if (const Value* num = value.find("num")) {
      problems.error(num->place, fmt::format("the range of axis {} takes a step, not num", key),
                     "write { range = [first, last, step] }, or linear with num");
      return {};
    }
    return ranged(key, value, problems);
  }
  return spread(key, value, value.find("log") != nullptr, problems);
}

}  // namespace cambium
