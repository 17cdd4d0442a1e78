#pragma once

#include <filesystem>

namespace cambium {

/// The folder of the running program.
std::filesystem::path program_folder();

/// ../lib/cambium/plugins from there: in the build as in an installation.
std::filesystem::path built_in_plugins();

}  // namespace cambium
