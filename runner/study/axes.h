#pragma once

#include <string>
#include <vector>

#include "study/study.h"

namespace cambium {

/// A grid table with dotted keys throughout: `train = { lr = [...] }` and `"train.lr" = [...]` are the same axis. A key
/// that is there twice is an error.
Value flatten_grid(const Value& grid, Problems& problems);

/// The values of one axis: a list as it stands, or { log = [a, b], num = n }, { linear = [a, b], num = n },
/// { range = [first, last, step] } (last included). Generated numbers are rounded to 12 significant digits, so that
/// 1e-3 of a log axis is the 1e-3 of a list. Empty after an error.
std::vector<Value> axis_values(const std::string& key, const Value& value, Problems& problems);

}  // namespace cambium
