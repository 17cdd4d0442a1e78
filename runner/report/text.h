#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {

/// Columns that UTF-8 `text` takes on a terminal: East Asian wide characters take two, combining ones none. After
/// Markus Kuhn's wcwidth(), https://www.cl.cam.ac.uk/~mgk25/ucs/wcwidth.c, without its need of a locale.
std::size_t display_width(std::string_view text);

/// `text` cut to `width` columns, the last of them "…" if something went.
std::string shorten(std::string_view text, std::size_t width);

/// `text` on one line: a line's end is shown as "↵", any other control character as "?", so that a value can neither
/// break a table nor command a terminal.
std::string one_line(std::string_view text);

/// 1234567 as "1,234,567".
std::string thousands(std::int64_t number);

/// Seconds as people say them: "0.42 s", "12.3 s", "4 min 10 s", "2 h 05 min".
std::string duration(double seconds);

/// "1 cell", "2 cells".
std::string counted(std::int64_t number, std::string_view one);

/// Lines of aligned columns under their titles, two spaces apart; no space at a line's end.
struct Column {
  std::string title;
  bool right = false;  ///< aligned to the right
};
std::string aligned(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows);

}  // namespace cambium
