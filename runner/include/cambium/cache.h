#pragma once

#include <filesystem>

namespace cambium {

/// Where what can be made again is kept: $XDG_CACHE_HOME/cambium, or ~/.cache/cambium; empty where there is neither.
std::filesystem::path cache_folder();

}  // namespace cambium
