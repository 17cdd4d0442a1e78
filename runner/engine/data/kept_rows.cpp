#include "engine/data/kept_rows.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "cambium/cache.h"
#include "cambium/error.h"
#include "cambium/files.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPage = 4096;
constexpr std::uint64_t kThere = std::uint64_t{1} << 32;  ///< in a slot, above the checksum

std::int64_t whole_pages(std::int64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

/// The first page of the file: its key, and the hash of that.
std::string head_of(const KeptKey& key) {
  std::string text = "cambium " + key.kind + " 1\n" + key.fingerprint + "\n" + key.what + "\n" +
                     std::to_string(key.rows) + " " + std::to_string(key.bytes) + "\n";
  text += sha256(text) + "\n";
  text.resize(std::size_t(kPage));
  return text;
}

std::uint32_t checksum(std::span<const std::uint8_t> bytes) {
  return std::uint32_t(::crc32_z(0, bytes.data(), bytes.size()));
}

bool write_at(int file, const void* data, std::size_t bytes, std::int64_t at) {
  const auto* from = static_cast<const std::uint8_t*>(data);
  while (bytes > 0) {
    const auto count = ::pwrite(file, from, bytes, at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    from += count;
    at += count;
    bytes -= std::size_t(count);
  }
  return true;
}

/// A lock of one slot. It belongs to the open file, and goes with the process that has it.
struct flock slot_region(std::int64_t at, short kind) {
  struct flock region {};
  region.l_type = kind;
  region.l_whence = SEEK_SET;
  region.l_start = at;
  region.l_len = 8;
  return region;
}

std::string place_of(const KeptKey& key) { return key.kind == "images" ? "decoded images" : key.kind; }

/// Whether the open file is the one that `head` belongs to, whole.
bool is_right(int file, const std::string& head, std::int64_t length) {
  struct stat info {};
  std::string there(head.size(), '\0');
  return ::fstat(file, &info) == 0 && info.st_size == length &&
         ::pread(file, there.data(), there.size(), 0) == ssize_t(there.size()) && there == head;
}

/// Makes it under another name and renames it; -1 where that cannot be done.
int make(const fs::path& path, const std::string& head, std::int64_t length) {
  std::string partial = path.string() + ".XXXXXX";
  const int file = ::mkostemp(partial.data(), O_CLOEXEC);
  if (file < 0) return -1;
  if (::ftruncate(file, length) == 0 && write_at(file, head.data(), head.size(), 0) &&
      ::rename(partial.c_str(), path.c_str()) == 0)
    return file;
  ::close(file);
  ::unlink(partial.c_str());
  return -1;
}

}  // namespace

fs::path kept_images_folder() {
  const fs::path cache = cache_folder();
  return cache.empty() ? cache : cache / "images";
}

fs::path KeptRows::path_in(const fs::path& folder, const KeptKey& key) {
  return folder / (sha256(head_of(key)).substr(0, 32) + "." + key.kind);
}

KeptRows::KeptRows(const fs::path& folder, KeptKey key, std::int64_t expected) : key_(std::move(key)) {
  length_ = start(key_.rows);
  if (!open_file(folder, expected)) {
    file_ = ::memfd_create("cambium rows", MFD_CLOEXEC);
    if (file_ < 0 || ::ftruncate(file_, length_) != 0)
      throw Error(ErrorKind::System, "there is no place for " + place_of(key_), "make room on the disk or in memory");
  }
  void* mapped = ::mmap(nullptr, std::size_t(length_), PROT_READ, MAP_SHARED, file_, 0);
  if (mapped == MAP_FAILED) {
    ::close(file_);
    throw Error(ErrorKind::System, place_of(key_) + " cannot be mapped into memory",
                "is there an address space limit?");
  }
  mapped_ = static_cast<std::uint8_t*>(mapped);
  checked_ = new std::uint8_t[std::size_t(key_.rows)]();
}

KeptRows::~KeptRows() {
  delete[] checked_;
  ::munmap(mapped_, std::size_t(length_));
  ::close(file_);
}

bool KeptRows::open_file(const fs::path& folder, std::int64_t expected) {
  std::error_code error;
  if (folder.empty() || (fs::create_directories(folder, error), !fs::is_directory(folder, error))) return false;
  const std::string head = head_of(key_);
  const fs::path path = path_in(folder, key_);
  file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file_ >= 0 && !is_right(file_, head, length_)) {
    ::close(file_);
    file_ = -1;
  }
  if (file_ < 0) {
    struct statvfs disk {};
    const double wanted = double(start(0)) + double(expected) * double(key_.bytes);
    const bool room =
        ::statvfs(folder.c_str(), &disk) == 0 && wanted * 2 <= double(disk.f_bavail) * double(disk.f_frsize);
    if (room) file_ = make(path, head, length_);
  }
  if (file_ >= 0) path_ = path;
  return file_ >= 0;
}

std::int64_t KeptRows::slot(std::int64_t index) const { return kPage + index * 8; }
std::int64_t KeptRows::start(std::int64_t index) const {
  return kPage + whole_pages(key_.rows * 8) + index * key_.bytes;
}

std::span<const std::uint8_t> KeptRows::find(std::int64_t index) const {
  std::uint64_t mark = 0;
  __atomic_load(reinterpret_cast<const std::uint64_t*>(mapped_ + slot(index)), &mark, __ATOMIC_ACQUIRE);
  if (!(mark & kThere)) return {};
  const std::span row(mapped_ + start(index), std::size_t(key_.bytes));
  std::atomic_ref<std::uint8_t> checked(checked_[index]);
  if (!checked.load(std::memory_order_relaxed)) {
    if (checksum(row) != std::uint32_t(mark)) return {};
    checked.store(1, std::memory_order_relaxed);
  }
  return row;
}

bool KeptRows::put(std::int64_t index, std::span<const std::uint8_t> row) {
  // Written, not stored through the map: a disk that is full is then an error, not a crash.
  if (!write_at(file_, row.data(), row.size(), start(index))) return false;
  const std::uint64_t mark = kThere | checksum(row);
  return write_at(file_, &mark, sizeof mark, slot(index));
}

bool KeptRows::claim(std::int64_t index, bool wait) {
  struct flock region = slot_region(slot(index), F_WRLCK);
  int answer = -1;
  do {
    answer = ::fcntl(file_, wait ? F_OFD_SETLKW : F_OFD_SETLK, &region);
  } while (answer != 0 && errno == EINTR);
  return answer == 0 || (errno != EAGAIN && errno != EACCES);  // where there are no locks, all may fill all
}

void KeptRows::release(std::int64_t index) {
  struct flock region = slot_region(slot(index), F_UNLCK);
  ::fcntl(file_, F_OFD_SETLK, &region);
}

}  // namespace cambium
