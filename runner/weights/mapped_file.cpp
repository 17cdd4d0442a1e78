#include "weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "cambium/error.h"

namespace cambium {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::Data, path.string() + ": " + what, "check the path, and that you may read it");
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(std::strerror(errno));
  struct stat info {};
  const bool regular = ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  void* mapped = nullptr;
  if (regular && info.st_size > 0) mapped = ::mmap(nullptr, std::size_t(info.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  const int cause = errno;
  ::close(file);
  if (!regular) fail(S_ISDIR(info.st_mode) ? "is a folder, not a file" : "is no ordinary file");
  if (mapped == MAP_FAILED) fail(std::strerror(cause));
  data_ = static_cast<const std::uint8_t*>(mapped);
  size_ = mapped ? std::size_t(info.st_size) : 0;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

}  // namespace cambium
