#pragma once

#include <filesystem>
#include <vector>

namespace cambium {

/// Answers requests, one line of JSON each, from standard input until it ends, on `replies` (a descriptor).
/// docs/architecture.md has the protocol. Returns the exit status.
int serve(const std::vector<std::filesystem::path>& plugin_folders, double checkpoint_seconds, int replies);

}  // namespace cambium
