#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "cambium/error.h"
#include "store/place.h"
#include "store/store.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

fs::path lock_path(const fs::path& name) {
  fs::path file = database_file(name);
  file += ".lock";
  return file;
}

/// Takes the lock of `kind` if it is free. False if somebody holds it; an error is left in errno otherwise.
bool take(int descriptor, int kind) {
  int locked = 0;
  do {
    locked = flock(descriptor, kind | LOCK_NB);
  } while (locked != 0 && errno == EINTR);
  return locked == 0;
}

/// Waits a little, since is_locked() of another program may have it for a moment.
bool take_patiently(int descriptor) {
  constexpr int kTries = 20;
  for (int tries = 1; !take(descriptor, LOCK_EX); ++tries) {
    if (errno != EWOULDBLOCK || tries == kTries) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "an unknown host";
}

std::string read_all(int descriptor) {
  std::array<char, 4096> text{};
  const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

/// The value on the line "KEY: value".
std::string entry(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key + ": ");
  if (at == std::string::npos) return "unknown";
  const std::size_t begin = at + key.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

StoreLock::StoreLock(const std::filesystem::path& path, const std::string& study) {
  const fs::path file = lock_path(path);
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    throw Error(ErrorKind::Store, fmt::format("lock file {} cannot be made: {}", file.string(), std::strerror(errno)),
                "see that you may write to its folder, or name another database with --db FILE");
  }
  if (!take_patiently(descriptor_)) {
    const int cause = errno;
    const std::string held = read_all(descriptor_);
    close(descriptor_);
    if (cause != EWOULDBLOCK) {
      throw Error(ErrorKind::Store,
                  fmt::format("lock file {} cannot be locked: {}", file.string(), std::strerror(cause)),
                  "keep the database on a file system that has locks, or name another with --db FILE");
    }
    throw Error(
        ErrorKind::Store,
        fmt::format("database {} is in use: process {} on {} has been running study \"{}\" since {}", path.string(),
                    entry(held, "pid"), entry(held, "host"), entry(held, "study"), entry(held, "since")),
        "wait for it to end or stop it, or name another database with --db FILE");
  }
  const std::string text =
      fmt::format("pid: {}\nhost: {}\nstudy: {}\nsince: {:%Y-%m-%d %H:%M:%S} UTC\n", getpid(), host_name(), study,
                  fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  // The lock is what counts; should the disk be too full to say who holds it, it holds all the same.
  [[maybe_unused]] const bool told =
      ftruncate(descriptor_, 0) == 0 && pwrite(descriptor_, text.data(), text.size(), 0) > 0;
}

StoreLock::~StoreLock() {
  // The file stays: were it removed, a third could lock a new one while a second waits on this.
  [[maybe_unused]] const int emptied = ftruncate(descriptor_, 0);
  close(descriptor_);
}

bool is_locked(const fs::path& path) {
  const int descriptor = open(lock_path(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno != ENOENT;  // who may not look at it cannot know
  const bool held = !take(descriptor, LOCK_SH);
  close(descriptor);
  return held;
}

}  // namespace cambium
