#include "cambium/cache.h"

#include <cstdlib>

namespace cambium {

std::filesystem::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache && *cache) return std::filesystem::path(cache) / "cambium";
  return home && *home ? std::filesystem::path(home) / ".cache" / "cambium" : std::filesystem::path();
}

}  // namespace cambium
