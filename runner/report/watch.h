#pragma once

#include <string>
#include <vector>

#include "store/store.h"

namespace cambium {

/// How a study goes, or all of them (`study` empty), as lines for people: cells by state, the pace and what is left by
/// it, what is being trained, the best arms, the last failures. `now`: Unix seconds.
std::vector<std::string> watch_lines(const Store& store, const std::string& study, double now);

/// The lines as a screen of so many columns and rows can hold them: each cut, the last ones left out.
std::vector<std::string> fitted(std::vector<std::string> lines, std::size_t columns, std::size_t rows);

}  // namespace cambium
