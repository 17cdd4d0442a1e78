#include "cli/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "protocol/settings.h"

namespace cambium {
namespace {

/// A value as a study writes it.
std::string written(const ParamValue& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return "\"" + held + "\"";
        } else if constexpr (std::is_same_v<T, std::map<std::string, double>>) {
          std::vector<std::string> members;
          for (const auto& [key, number] : held) members.push_back(fmt::format("{} = {}", key, number));
          return members.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(members, ", "));
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          return held.empty() ? "[]" : fmt::format("[\"{}\"]", fmt::join(held, "\", \""));
        } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>> || std::is_same_v<T, std::vector<double>>) {
          return fmt::format("[{}]", fmt::join(held, ", "));
        } else {
          return fmt::format("{}", held);
        }
      },
      value);
}

std::string range(const Parameter& parameter) {
  if (!parameter.choices.empty()) return fmt::format("{}", fmt::join(parameter.choices, ", "));
  const auto [low, high] = parameter.range;
  if (std::isfinite(low) && std::isfinite(high)) return fmt::format("{:g} to {:g}", low, high);
  if (std::isfinite(low)) return fmt::format("{:g} or more", low);
  if (std::isfinite(high)) return fmt::format("{:g} or less", high);
  return "";
}

std::string when(const Parameter& parameter) {
  return parameter.when_key.empty()
             ? ""
             : fmt::format("{} = {}", parameter.when_key, fmt::join(parameter.when_values, " or "));
}

}  // namespace

Table parameter_rows() { return {{"of", "name", "type", "default", "range", "when", "doc"}, {}}; }

void add_parameters(Table& rows, const std::string& owner, const Schema& schema) {
  for (const Parameter& parameter : schema.parameters())
    rows.rows.push_back({owner, parameter.name,
                         one_or_pair(parameter) ? "integer or pair" : std::string(to_string(parameter.type)),
                         parameter.default_value ? written(*parameter.default_value) : "required", range(parameter),
                         when(parameter), parameter.doc});
}

Table without_owner(const Table& rows) {
  Table result;
  result.rows.resize(rows.rows.size());
  for (std::size_t c = 1; c < rows.columns.size(); ++c) {
    const bool empty = std::all_of(rows.rows.begin(), rows.rows.end(),
                                   [c](const auto& row) { return row[c] == Field(std::string()); });
    if (empty) continue;
    result.columns.push_back(rows.columns[c]);
    for (std::size_t r = 0; r < rows.rows.size(); ++r) result.rows[r].push_back(rows.rows[r][c]);
  }
  return result;
}

}  // namespace cambium
