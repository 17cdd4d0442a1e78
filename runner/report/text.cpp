#include "report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace cambium {
namespace {

using Interval = std::pair<char32_t, char32_t>;

constexpr std::array<Interval, 7> kCombining = {{{0x0300, 0x036f},
                                                 {0x1ab0, 0x1aff},
                                                 {0x1dc0, 0x1dff},
                                                 {0x200b, 0x200f},
                                                 {0x20d0, 0x20ff},
                                                 {0xfe00, 0xfe0f},
                                                 {0xfe20, 0xfe2f}}};
constexpr std::array<Interval, 10> kWide = {{{0x1100, 0x115f},
                                             {0x2e80, 0x303e},
                                             {0x3041, 0xa4cf},
                                             {0xac00, 0xd7a3},
                                             {0xf900, 0xfaff},
                                             {0xfe30, 0xfe6f},
                                             {0xff00, 0xff60},
                                             {0xffe0, 0xffe6},
                                             {0x1f300, 0x1faff},
                                             {0x20000, 0x3fffd}}};

bool among(char32_t code, const auto& intervals) {
  return std::any_of(intervals.begin(), intervals.end(),
                     [code](const Interval& in) { return in.first <= code && code <= in.second; });
}

/// The character at `at`, which is moved past it. A byte that begins none stands for itself.
char32_t next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at++);
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (more == 0) return first;
  char32_t code = first & (0x3f >> more);
  for (int i = 0; i < more; ++i) {
    if (at >= text.size() || (byte(at) & 0xc0) != 0x80) return 0xfffd;
    code = code << 6 | (byte(at++) & 0x3f);
  }
  return code;
}

std::size_t width_of(char32_t code) { return among(code, kCombining) ? 0 : among(code, kWide) ? 2 : 1; }

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) width += width_of(next(text, at));
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::size_t taken = 0, end = 0;
  for (std::size_t at = 0; at < text.size(); end = at) {
    taken += width_of(next(text, at));
    if (taken > width - 1) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "↵";
    } else if (c == '\t') {
      line += ' ';
    } else if (c != '\r') {
      line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return line;
}

std::string thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const std::int64_t minutes = (whole + 30) / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string counted(std::int64_t number, std::string_view one) {
  return fmt::format("{} {}{}", thousands(number), one, number == 1 ? "" : "s");
}

std::string aligned(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const Column& column : columns) widths.push_back(display_width(column.title));
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));

  std::string text;
  const auto add = [&](const auto& value_of) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& value = value_of(i);
      const std::string space(widths[i] - display_width(value), ' ');
      text += (i == 0 ? "" : "  ") + (columns[i].right ? space + value : value + space);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  add([&](std::size_t i) -> const std::string& { return columns[i].title; });
  for (const auto& row : rows) add([&](std::size_t i) -> const std::string& { return row[i]; });
  return text;
}

}  // namespace cambium
