#include "protocol/stamps.h"

#include <sys/stat.h>

#include <set>

namespace cambium {
namespace {

std::int64_t nanoseconds(const timespec& time) { return std::int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec; }

}  // namespace

std::optional<FileStamp> file_stamp(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileStamp{path.string(), info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim),
                   std::int64_t(info.st_ino)};
}

std::vector<FileStamp> file_stamps(const std::vector<std::filesystem::path>& files) {
  std::set<std::filesystem::path> paths(files.begin(), files.end());
  for (const auto& file : files) paths.insert(file.parent_path());
  std::vector<FileStamp> result;
  for (const auto& path : paths)
    if (auto stamp = file_stamp(path)) result.push_back(std::move(*stamp));
  return result;
}

}  // namespace cambium
