#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "study/problem.h"
#include "study/value.h"

namespace cambium {

/// A study as one table: the file, what it includes below it (an included file comes first, the including one wins),
/// grids with dotted keys, and `sets` on top.
struct LoadedStudy {
  Value root;
  std::string text;  ///< every file read, each under a line with its name, and the sets
  struct Set {
    std::string stage, key;  ///< "transfer", "train.lr"
    Place place;
  };
  std::vector<Set> stage_sets;  ///< those below a stage, but not below its grid
};

/// Nothing after an error that leaves no table to go on with.
std::optional<LoadedStudy> load_study(const std::filesystem::path& path, const std::vector<std::string>& sets,
                                      Problems& problems);

}  // namespace cambium
