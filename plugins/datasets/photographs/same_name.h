#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cambium {

/// Where `name` stands in `names`: by its bytes, else as the same text composed otherwise, as é, one letter or e and an
/// accent, which macOS writes.
std::optional<std::size_t> index_of(const std::string& name, const std::vector<std::string>& names);

/// Throws Error{Data} where a class's name is no UTF-8, and where two are the same text composed otherwise. `where`:
/// the folder or list that they come from.
void check_names(const std::vector<std::string>& names, const std::filesystem::path& where);

}  // namespace cambium
