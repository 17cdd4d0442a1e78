#include "exec/folders.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cambium/error.h"
#include "store/place.h"

namespace cambium {

void Folders::make() const {
  for (const char* name : {"events", "weights", "checkpoints", "selections", "measures", "taps", "logs"}) {
    std::error_code error;
    std::filesystem::create_directories(root_ / name, error);
    if (!error && ::access((root_ / name).c_str(), W_OK | X_OK) != 0)
      error = std::error_code(errno, std::generic_category());
    if (error)
      throw Error(ErrorKind::System,
                  fmt::format("{}: cannot be written to: {}", (root_ / name).string(), error.message()),
                  "check who owns the results folder, or choose another place with --db");
  }
}

void Folders::clear_partial() const {
  for (const char* name : {"weights", "checkpoints"}) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(root_ / name, ignored))
      if (entry.path().extension().string().rfind(".part", 0) == 0) std::filesystem::remove(entry.path(), ignored);
  }
}

std::filesystem::path Folders::events(const std::string& identity, std::int64_t attempt) const {
  return event_file(root_, identity, attempt);
}
std::filesystem::path Folders::measure_events(const std::string& identity) const {
  for (int number = 1;; ++number) {
    auto path = root_ / "events" / fmt::format("{}-measures-{}.jsonl", identity.substr(0, 16), number);
    if (!std::filesystem::exists(path)) return path;
  }
}
std::filesystem::path Folders::measures_stem(const std::string& identity) const {
  return root_ / "measures" / identity.substr(0, 16);
}
std::filesystem::path Folders::weights_stem(const std::string& identity) const {
  return root_ / "weights" / identity.substr(0, 16);
}
std::filesystem::path Folders::checkpoint(const std::string& identity) const {
  return root_ / "checkpoints" / (identity.substr(0, 16) + ".safetensors");
}
std::filesystem::path Folders::log(std::size_t worker) const {
  return root_ / "logs" / fmt::format("worker-{}.log", worker);
}

}  // namespace cambium
