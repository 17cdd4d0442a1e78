#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/temporary_folder.h"

namespace cambium::test {

/// Runs tests/support/SCRIPT on a new folder with Debian's Python; false where that, or what the script imports, is not
/// there.
inline bool run_oracle(const std::string& script, const std::string& modules, const std::filesystem::path& folder) {
  const std::string python = "/usr/bin/python3";
  if (std::system((python + " -c 'import " + modules + "' > /dev/null 2>&1").c_str()) != 0) return false;
  return std::system((python + " " CAMBIUM_SOURCE_DIR "/tests/support/" + script + " " + folder.string()).c_str()) == 0;
}

}  // namespace cambium::test
