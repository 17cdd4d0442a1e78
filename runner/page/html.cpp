#include "page/html.h"

#include <fmt/format.h>

#include <cmath>

#include "report/text.h"

namespace cambium::page {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

/// The length of the UTF-8 character that `text` begins with; 0 for what is none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, halves of pairs, and what lies beyond Unicode.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) || (first == 0xF0 && byte(1) < 0x90) ||
      (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return length;
}

/// Four digits that count, and all of those before the point.
std::string number_text(const Field& field) {
  if (const auto* whole = std::get_if<std::int64_t>(&field)) return thousands(*whole);
  const double value = *number(field);
  return std::abs(value) >= 1000 && std::abs(value) < 1e15 ? thousands(std::llround(value))
                                                           : fmt::format("{:.4g}", value);
}

std::string cell(const Field& field) {
  if (number(field)) return "<td class=n>" + number_text(field) + "</td>";
  if (std::holds_alternative<std::monostate>(field)) return "<td class=n>–</td>";
  return "<td>" + escaped(text(field)) + "</td>";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = character(text);
    const char c = text[0];
    if (length == 0 || (length == 1 && static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
      result += kReplacement;
    else if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (c == '\'')
      result += "&#39;";
    else
      result += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

std::string script_json(const Json& json) {
  std::string result;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace))
    result += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : std::string(1, c);
  return result;
}

std::string html_table(const Table& table, std::string_view caption) {
  std::string html =
      fmt::format("<table class=sortable><caption class=heard>{}</caption><thead><tr>", escaped(caption));
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    const bool numbers = !table.rows.empty() && number(table.rows[0][column]);
    html += fmt::format("<th scope=col{}>{}</th>", numbers ? " class=n" : "", escaped(table.columns[column]));
  }
  html += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (const Field& field : row) html += cell(field);
    html += "</tr>\n";
  }
  return html + "</tbody></table>";
}

std::string paragraphs(std::string_view text) {
  std::string html = "<p>";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    html += line.find_first_not_of(" \t\r") == std::string_view::npos ? "</p>\n<p>" : escaped(line) + "\n";
    at = end + 1;
  }
  return html + "</p>\n";
}

std::string base64(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) { return i + k < bytes.size() ? unsigned{bytes[i + k]} : 0u; };
    const unsigned group = at(0) << 16 | at(1) << 8 | at(2);
    for (int digit = 3; digit >= 0; --digit) text += kDigits[group >> (6 * digit) & 63];
    if (i + 2 >= bytes.size()) text.back() = '=';
    if (i + 1 >= bytes.size()) text[text.size() - 2] = '=';
  }
  return text;
}

}  // namespace cambium::page
