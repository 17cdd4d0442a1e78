#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cambium {

/// Which folder holds which split; empty: none. Without `train`, the class folders are in the root itself.
struct FolderLayout {
  std::filesystem::path train, validation, test;
  std::vector<std::string>
      notes;  ///< what was read as what, where its name is not the usual one, and what was not read
};

/// The folders in `folder` that may be splits or classes, in the order of their names' bytes: hidden ones and what
/// other systems leave behind (__MACOSX, @eaDir, ...) are none. Throws Error{Data} where it cannot be read.
std::vector<std::string> folders_in(const std::filesystem::path& folder);

/// Finds out what the folders of `root` are. Throws Error{Data} that says what was found where that is no layout:
/// splits without one to train on, splits and classes side by side, a root that is one folder too high.
FolderLayout folder_layout(const std::filesystem::path& root);

}  // namespace cambium
