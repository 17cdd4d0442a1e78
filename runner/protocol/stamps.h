#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "protocol/messages.h"

namespace cambium {

/// Of a file or folder as it is; nothing if it is not there. A file that another took the place of has another number
/// or another time of change, even where size and modification time are kept.
std::optional<FileStamp> file_stamp(const std::filesystem::path& path);

/// Of files, and of their folders, whose time changes when a file comes or goes.
std::vector<FileStamp> file_stamps(const std::vector<std::filesystem::path>& files);

}  // namespace cambium
