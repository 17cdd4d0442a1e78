#pragma once

#include <filesystem>
#include <string>

namespace cambium {

/// What the file system of a folder is called, if it is a network's: "nfs", "cifs", "fuse.sshfs". Empty if it is of
/// this machine, as far as can be told.
std::string network_file_system(const std::filesystem::path& folder);

}  // namespace cambium
