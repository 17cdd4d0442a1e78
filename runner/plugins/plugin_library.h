#pragma once

#include <filesystem>
#include <string>

#include "cambium/plugin.h"

namespace cambium {

/// A plugin library, loaded for good: LibTorch does not survive the unloading of code that its tensors and exceptions
/// know.
struct PluginLibrary {
  std::filesystem::path path;
  std::string name, version;
  void (*register_plugins)(Registry&) = nullptr;
};

/// Loads a plugin with everything resolved and checks its handshake, before anything of C++ crosses the border. A
/// plugin of another version is told as such, and not by some missing symbol. Throws Error{Plugin} with the path, what
/// is wrong and what to do.
PluginLibrary load_plugin_library(const std::filesystem::path& path);

}  // namespace cambium
