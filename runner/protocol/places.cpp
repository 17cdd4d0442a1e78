#include "protocol/places.h"

namespace cambium {

std::filesystem::path program_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

std::filesystem::path built_in_plugins() { return program_folder().parent_path() / "lib" / "cambium" / "plugins"; }

}  // namespace cambium
