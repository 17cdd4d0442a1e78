#include "cambium/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <zlib.h>
#include <cstdlib>
#include <iterator>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "cambium/error.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void bad_data(const fs::path& path, const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::Data, path.string() + ": " + what, hint);
}

std::vector<std::uint8_t> read_plain(const fs::path& path, std::size_t limit) {
  std::error_code error;
  if (fs::is_directory(path, error)) bad_data(path, "is a folder, not a file", "give the path of the file itself");
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) bad_data(path, std::strerror(errno), "check the path, and that you may read it");
  const auto size = std::size_t(file.tellg());
  if (size > limit)
    bad_data(path, "holds " + std::to_string(size) + " bytes, more than are believed", "is it the right file?");
  std::vector<std::uint8_t> bytes(size);
  file.seekg(0);
  if (size > 0 && !file.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(size)))
    bad_data(path, "cannot be read to its end", "check the disk, or fetch the file again");
  return bytes;
}

/// Unpacks all members of a gzip file.
std::vector<std::uint8_t> unpack(const fs::path& path, std::vector<std::uint8_t>& packed, std::size_t limit) {
  const std::string again = "fetch the file again";
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK)
    throw Error(ErrorKind::System, "zlib cannot start", "is there memory left?");
  struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } end{&stream};
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> chunk(1 << 18);
  std::size_t given = 0;
  for (int state = Z_OK; state != Z_STREAM_END || stream.avail_in > 0 || given < packed.size();) {
    if (state == Z_STREAM_END) inflateReset(&stream);
    if (stream.avail_in == 0) {
      stream.next_in = packed.data() + given;
      stream.avail_in = uInt(std::min<std::size_t>(packed.size() - given, 1u << 30));
      given += stream.avail_in;
    }
    stream.next_out = chunk.data();
    stream.avail_out = uInt(chunk.size());
    state = inflate(&stream, Z_NO_FLUSH);
    bytes.insert(bytes.end(), chunk.data(), stream.next_out);
    if (state == Z_BUF_ERROR ||
        (state == Z_OK && stream.avail_in == 0 && given == packed.size() && stream.avail_out > 0))
      bad_data(path, "the gzip data is cut short", again);
    if (state != Z_OK && state != Z_STREAM_END) bad_data(path, "the gzip data is damaged", again);
    if (bytes.size() > limit)
      bad_data(path, "unpacks to more than " + std::to_string(limit) + " bytes", "is it the right file?");
  }
  return bytes;
}

std::string hex_of(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::vector<std::uint8_t> read_bytes(const fs::path& path, std::size_t limit) {
  std::vector<std::uint8_t> bytes = read_plain(path, limit);
  if (bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) return unpack(path, bytes, limit);
  return bytes;
}

namespace {

/// Brings what was written to the disk. What cannot be synced, as a pipe, has nothing to lose.
bool is_synced(int answer) { return answer == 0 || errno == EINVAL || errno == EROFS; }

/// A name that was given to a file is in its folder, which is on the disk only after this. False: errno says why.
bool sync_folder(const fs::path& folder) {
  const int file = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return true;  // a folder that may be written to and not read
  const bool synced = is_synced(::fsync(file));
  const int cause = errno;
  ::close(file);
  errno = cause;
  return synced;
}

}  // namespace

void write_file(const fs::path& path, std::span<const std::uint8_t> bytes) {
  const fs::path partial = path.string() + ".part" + std::to_string(getpid());
  const auto fail = [&](const char* what) {
    const int cause = errno;
    ::unlink(partial.c_str());
    throw Error(ErrorKind::System, path.string() + ": cannot " + what + ": " + std::strerror(cause),
                cause == ENOSPC  ? "make room on the disk and run again"
                : cause == EFBIG ? "the shell limits the size of files: raise it with `ulimit -f`, and run again"
                : cause == EIO   ? "the disk did not keep what was written: check it before you run again"
                                 : "check that the folder is there and that you may write to it");
  };
  const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) fail("make the file");
  const auto fail_open = [&](const char* what) {
    const int cause = errno;
    ::close(file);
    errno = cause;
    fail(what);
  };
  std::size_t written = 0;
  while (written < bytes.size()) {
    const auto count = ::write(file, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_open("write");
    written += std::size_t(count);
  }
  // So that the name never stands for less than the whole, not even after the power went.
  if (!is_synced(::fdatasync(file))) fail_open("bring it to the disk");
  if (::close(file) != 0) fail("write");
  if (::rename(partial.c_str(), path.c_str()) != 0) fail("put the file in place");
  if (!sync_folder(path.parent_path())) fail("bring its name to the disk");
}

void write_file(const fs::path& path, std::string_view text) {
  write_file(path, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr);
}
Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

Sha256& Sha256::add(std::span<const std::uint8_t> bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
  return *this;
}

Sha256& Sha256::add(std::string_view text) {
  return add(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string Sha256::hex() {
  std::array<std::uint8_t, 32> digest{};
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), nullptr);
  return hex_of(digest);
}

std::string sha256(std::string_view text) { return Sha256().add(text).hex(); }

std::string sha256_file(const fs::path& path) {
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path, error))
    bad_data(path, file ? "is a folder" : std::strerror(errno), "check the path, and that you may read it");
  Sha256 hash;
  std::vector<char> chunk(1 << 20);
  while (file.read(chunk.data(), std::streamsize(chunk.size())) || file.gcount() > 0)
    hash.add(std::string_view(chunk.data(), std::size_t(file.gcount())));
  if (file.bad()) bad_data(path, "cannot be read to its end", "check the disk, or fetch the file again");
  return hash.hex();
}

namespace {

/// "~/data" as a shell has it; what names another user's folder stays.
fs::path from_home(const fs::path& path) {
  const char* home = std::getenv("HOME");
  if (path.empty() || *path.begin() != "~" || !home || !*home) return path;
  fs::path result = home;
  for (auto part = std::next(path.begin()); part != path.end(); ++part) result /= *part;
  return result;
}

}  // namespace

fs::path resolve_path(const fs::path& given_root, const fs::path& given) {
  const fs::path root = from_home(given_root), path = from_home(given);
  if (path.is_absolute()) return path.lexically_normal();
  const fs::path below = (root / path).lexically_normal();
  std::error_code error;
  fs::path name = root.lexically_normal();
  if (!name.has_filename()) name = name.parent_path();
  // "data/mnist" is meant as it stands under a data root that is itself called data; and "weights/x.pth" may lie beside
  // the root.
  const fs::path beside = (name.parent_path() / path).lexically_normal();
  const bool named = path.begin() != path.end() && *path.begin() == name.filename();
  if (!fs::exists(below, error) && (named || fs::exists(beside, error))) return beside;
  return below;
}

}  // namespace cambium
