#include "engine/taps/tap_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

namespace cambium {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOpen = 24;

struct TapFile {
  fs::path path;
  std::int64_t bytes = 0;  ///< on the disk: the files are sparse
  std::int64_t used_ns = 0;
};

std::vector<TapFile> files_in(const fs::path& folder) {
  std::vector<TapFile> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    struct stat info {};
    if (entry.path().extension() != ".taps" || ::stat(entry.path().c_str(), &info) != 0) continue;
    files.push_back({entry.path(), std::int64_t(info.st_blocks) * 512,
                     std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec});
  }
  return files;
}

/// Whether `wanted` bytes more fit among `most`, once files that were used longest ago are gone.
bool make_room(const fs::path& folder, std::int64_t wanted, std::int64_t most) {
  if (wanted > most) return false;
  auto files = files_in(folder);
  std::sort(files.begin(), files.end(), [](const TapFile& a, const TapFile& b) { return a.used_ns < b.used_ns; });
  std::int64_t bytes = 0;
  for (const TapFile& file : files) bytes += file.bytes;
  for (const TapFile& file : files) {
    if (bytes + wanted <= most) break;
    std::error_code failed;
    fs::remove(file.path, failed);  // who has it mapped keeps it
    if (!failed) bytes -= file.bytes;
  }
  return bytes + wanted <= most;
}

}  // namespace

std::shared_ptr<KeptRows> TapFiles::open(const fs::path& folder, const KeptKey& key, std::int64_t expected,
                                         std::int64_t max_bytes) {
  const fs::path path = KeptRows::path_in(folder, key);
  std::error_code ignored;
  const bool there = fs::exists(path, ignored);
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& open) { return open->path() == path; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    if (there) return open_.front();
    open_.pop_front();
  }
  if (!there && !make_room(folder, expected * key.bytes, max_bytes)) return nullptr;
  auto rows = std::make_shared<KeptRows>(folder, key, expected);
  if (rows->path().empty()) return nullptr;
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // it is used now
  open_.push_front(rows);
  if (open_.size() > kMostOpen) open_.pop_back();
  return rows;
}

}  // namespace cambium
