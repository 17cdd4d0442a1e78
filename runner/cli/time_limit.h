#pragma once

#include <string>

namespace cambium {

/// Seconds of "0", "90", "90s", "30m", "2h", "1h30m", "1d". Throws Error{Usage} for anything else.
double read_duration(const std::string& text, const std::string& option);

}  // namespace cambium
