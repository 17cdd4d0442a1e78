#pragma once

#include <optional>
#include <string>

#include "study/problem.h"
#include "study/value.h"

namespace cambium {

/// TOML text to a table, each value and key with its place in `file`. A syntax error goes to `problems` and gives
/// nothing.
std::optional<Value> parse_toml(const std::string& text, const std::string& file, Problems& problems);

/// The value that `text` means on the right of `--set KEY=`: TOML, or a bare word as a string. `place` is what messages
/// show.
std::optional<Value> parse_toml_value(const std::string& text, const Place& place, Problems& problems);

}  // namespace cambium
