#include "report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "report/text.h"

namespace cambium {
namespace {

constexpr std::size_t kMostDecimals = 6;

/// A double with five digits that count; whole ones with all of theirs.
std::string digits(double value) {
  const double size = std::abs(value);
  return size >= 1e5 && size < 1e15 ? fmt::format("{:.0f}", value) : fmt::format("{:.5g}", value);
}

std::size_t decimals(const std::string& number) {
  const std::size_t point = number.find('.');
  return point == std::string::npos ? 0 : number.size() - point - 1;
}

/// The decimals that all doubles of a column are shown with, or -1 where each is better off with its own.
int common_decimals(const Table& table, std::size_t column) {
  std::size_t most = 0;
  for (const auto& row : table.rows) {
    const auto* number = std::get_if<double>(&row[column]);
    if (number == nullptr || !std::isfinite(*number)) continue;
    const std::string text = digits(*number);
    if (text.find('e') != std::string::npos) return -1;
    most = std::max(most, decimals(text));
  }
  return most > kMostDecimals ? -1 : static_cast<int>(most);
}

std::string shown(const Field& field, int places, std::size_t limit) {
  if (const auto* integer = std::get_if<std::int64_t>(&field)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&field))
    return places < 0 || !std::isfinite(*number) ? digits(*number) : fmt::format("{:.{}f}", *number, places);
  if (const auto* text = std::get_if<std::string>(&field))
    return limit == 0 ? one_line(*text) : shorten(one_line(*text), limit);
  return "-";
}

bool is_number(const Field& field) {
  return std::holds_alternative<std::int64_t>(field) || std::holds_alternative<double>(field);
}

std::string csv_field(const std::string& text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_field(const Field& field) {
  if (const auto* integer = std::get_if<std::int64_t>(&field)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&field)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&field)) return csv_field(*text);
  return "";
}

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_value(const Field& field) {
  if (const auto* integer = std::get_if<std::int64_t>(&field)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&field)) {
    if (std::isnan(*number)) return "null";
    if (std::isinf(*number)) return *number < 0 ? "\"-inf\"" : "\"inf\"";
    return nlohmann::json(*number).dump();
  }
  if (const auto* text = std::get_if<std::string>(&field)) return json_text(*text);
  return "null";
}

}  // namespace

Printed printed(const Table& table, std::size_t limit) {
  Printed result{{}, std::vector<std::vector<std::string>>(table.rows.size())};
  auto& [columns, rows] = result;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const auto none = [&](const auto& row) { return std::holds_alternative<std::monostate>(row[c]); };
    const bool any = !std::all_of(table.rows.begin(), table.rows.end(), none);
    const bool right = any && std::all_of(table.rows.begin(), table.rows.end(),
                                          [&](const auto& row) { return none(row) || is_number(row[c]); });
    columns.push_back({one_line(table.columns[c]), right});
    const int places = common_decimals(table, c);
    for (std::size_t r = 0; r < rows.size(); ++r) rows[r].push_back(shown(table.rows[r][c], places, limit));
  }
  return result;
}

std::string to_text(const Table& table, std::size_t limit) {
  const Printed texts = printed(table, limit);
  return aligned(texts.columns, texts.rows);
}

std::string to_csv(const Table& table) {
  std::string text;
  const auto add = [&text](const auto& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + csv_field(fields[i]);
    text += "\n";
  };
  add(table.columns);
  for (const auto& row : table.rows) add(row);
  return text;
}

std::string to_json(const Table& table) {
  std::vector<std::string> keys;
  std::set<std::string> taken;
  for (const std::string& column : table.columns) {
    std::string key = column;
    for (int i = 2; !taken.insert(key).second; ++i) key = fmt::format("{}_{}", column, i);
    keys.push_back(json_text(key));
  }
  std::string text = "[";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    text += r == 0 ? "\n  {" : ",\n  {";
    for (std::size_t c = 0; c < keys.size(); ++c)
      text += (c == 0 ? "" : ", ") + keys[c] + ": " + json_value(table.rows[r][c]);
    text += "}";
  }
  return text + (table.rows.empty() ? "]\n" : "\n]\n");
}

std::string format(const Table& table, Format how, std::size_t limit) {
  switch (how) {
    case Format::Table:
      return to_text(table, limit);
    case Format::Csv:
      return to_csv(table);
    case Format::Json:
      return to_json(table);
    case Format::Markdown:
      return to_markdown(table);
    case Format::Latex:
      return to_latex(table);
  }
  return "";
}

std::optional<Format> format_named(const std::string& name) {
  static const std::map<std::string, Format> kFormats = {{"table", Format::Table},
                                                         {"csv", Format::Csv},
                                                         {"json", Format::Json},
                                                         {"markdown", Format::Markdown},
                                                         {"latex", Format::Latex}};
  const auto found = kFormats.find(name);
  return found == kFormats.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace cambium
