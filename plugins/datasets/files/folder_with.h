#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cambium/error.h"

namespace cambium::files {

/// The folder that a data set's files are in: `root` where `holds` is true of it, else the one at most two below it, as
/// MNIST/raw or cifar-10-batches-bin; `root` again where there is none. Throws Error{Data} that names them where there
/// are several.
inline std::filesystem::path folder_with(const std::filesystem::path& root,
                                         const std::function<bool(const std::filesystem::path&)>& holds) {
  namespace fs = std::filesystem;
  constexpr int kDeep = 2;
  if (holds(root)) return root;
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, error), end;
       !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (!at->is_directory(ignored)) continue;
    if (at.depth() + 1 >= kDeep) at.disable_recursion_pending();
    if (holds(at->path())) found.push_back(at->path());
  }
  if (found.empty()) return root;
  std::sort(found.begin(), found.end());
  if (found.size() == 1) return found.front();
  throw Error(ErrorKind::Data,
              root.string() + ": there are such files in " + found[0].string() + " and in " + found[1].string(),
              "give as root the one that is meant");
}

/// What is to be told where that is not the root itself.
inline std::vector<std::string> note_of(const std::filesystem::path& root, const std::filesystem::path& folder) {
  if (folder == root) return {};
  return {"the files are those in " + folder.string()};
}

}  // namespace cambium::files
