#include "cli/time_limit.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "cambium/error.h"

namespace cambium {

double read_duration(const std::string& text, const std::string& option) {
  double seconds = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  bool fine = at != end;
  while (fine && at != end) {
    double number = 0;
    const auto [rest, trouble] = std::from_chars(at, end, number, std::chars_format::fixed);
    fine = trouble == std::errc() && number >= 0;
    at = rest;
    const char unit = at == end ? 's' : *at++;
    const double factor = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86400 : 0;
    fine = fine && factor > 0;
    seconds += number * factor;
  }
  if (!fine || !std::isfinite(seconds))
    throw Error(ErrorKind::Usage, fmt::format("{} {}: that is no length of time", option, text),
                "write 90s, 30m, 2h, 1h30m or 1d");
  return seconds;
}

}  // namespace cambium
