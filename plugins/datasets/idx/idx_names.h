#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace cambium {

/// The four files of a data set of MNIST's family, under whichever of their usual names they have.
struct IdxNames {
  std::array<std::filesystem::path, 4> paths;  ///< images and labels to train on, images and labels of the test
  bool emnist = false;                         ///< they are called as EMNIST's are ...
  bool letters = false;                        ///< ... and are those of its letters
  std::vector<std::string> notes;              ///< where they were found, if not in the root itself
};

/// Looks in `root`, or up to two folders below. `set`: what their names begin with; empty: nothing, or whatever it is
/// where there is one set alone. Throws Error{Data} that says what was looked for, and names several sets.
IdxNames find_idx(const std::filesystem::path& root, const std::string& set);

}  // namespace cambium
