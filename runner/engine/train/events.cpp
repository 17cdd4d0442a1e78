#include "engine/train/events.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cambium/error.h"

namespace cambium {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw Error(ErrorKind::System, path.string() + ": cannot " + what + ": " + std::strerror(errno),
              errno == ENOSPC ? "make room on the disk; the same command goes on from the last epoch"
              : errno == EIO  ? "the disk did not keep what was written: check it; the same command then goes on"
              : errno == EFBIG
                  ? "the shell limits the size of files: raise it with `ulimit -f`; the same command goes on"
                  : "check that the results folder may be written to");
}

/// What cannot be synced, as a pipe, has nothing to lose.
bool synced(int answer) { return answer == 0 || errno == EINVAL || errno == EROFS; }

}  // namespace

nlohmann::json number_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

nlohmann::json metrics_json(const Metrics& metrics) {
  auto json = nlohmann::json::object();
  for (const auto& [name, value] : metrics) json[name] = number_json(value);
  return json;
}

Metrics metrics_of(const nlohmann::json& json) {
  Metrics metrics;
  for (const auto& [name, value] : json.items())
    metrics[name] =
        value.is_string() ? std::strtod(value.get_ref<const std::string&>().c_str(), nullptr) : value.get<double>();
  return metrics;
}

EventFile::EventFile(std::filesystem::path path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) fail(path_, "make the event file");
  struct stat info {};
  if (::fstat(file_, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) return;
  ::close(file_);
  throw Error(ErrorKind::System, path_.string() + ": holds events already, and is not written over",
              "run the same command again: it takes in what the file holds");
}

EventFile::~EventFile() { ::close(file_); }

void EventFile::write(const std::string& type, nlohmann::json event) {
  event["seq"] = next_;
  event["type"] = type;
  event["time"] = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const std::string line = event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const auto count = ::write(file_, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int cause = errno;
      // Half a line would spoil the next one, which may fit again.
      [[maybe_unused]] const int cut = ::ftruncate(file_, length_);
      errno = cause;
      fail(path_, "write an event");
    }
    done += std::size_t(count);
  }
  length_ += std::int64_t(line.size());
  ++next_;
}

void EventFile::sync() {
  if (!synced(::fdatasync(file_))) fail(path_, "bring the events to the disk");
  const int folder = ::open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  const bool named = synced(::fsync(folder));
  const int cause = errno;
  ::close(folder);
  errno = cause;
  if (!named) fail(path_, "bring its name to the disk");
}

}  // namespace cambium
