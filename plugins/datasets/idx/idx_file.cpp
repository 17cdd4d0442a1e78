#include "idx_file.h"

#include <fmt/format.h>

#include "cambium/error.h"
#include "cambium/files.h"

namespace cambium {
namespace {

constexpr std::uint8_t kUnsignedByte = 8;
/// More elements than this are no data set but a damaged header.
constexpr std::int64_t kMostElements = std::int64_t{1} << 40;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::Data, path.string() + ": " + what, hint);
}

}  // namespace

std::string sizes_text(const std::vector<std::int64_t>& sizes) { return fmt::format("{}", fmt::join(sizes, "x")); }

IdxFile read_idx(const std::filesystem::path& path) {
  IdxFile file{path, read_bytes(path), {}};
  const auto& bytes = file.bytes;
  if (bytes.size() < 4)
    fail(path, fmt::format("holds {} bytes, too few for an IDX header", bytes.size()), "fetch the file again");
  if (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != kUnsignedByte)
    fail(path,
         fmt::format("begins with the bytes {:02x} {:02x} {:02x}; an IDX file of unsigned bytes begins with 00 00 08",
                     bytes[0], bytes[1], bytes[2]),
         bytes[0] == 0 && bytes[1] == 0 ? "convert its elements to unsigned bytes"
                                        : "is it an IDX file? Fetch it again");
  const std::size_t header = 4 + 4 * std::size_t(bytes[3]);
  if (bytes[3] == 0 || bytes.size() < header)
    fail(path, fmt::format("the header names {} dimensions and the file holds {} bytes", bytes[3], bytes.size()),
         "fetch the file again");

  std::int64_t elements = 1;
  for (std::size_t at = 4; at < header; at += 4) {
    std::int64_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | bytes[at + i];
    file.sizes.push_back(size);
    if (size == 0 || size > kMostElements / elements)
      fail(path, "its header gives the sizes " + sizes_text(file.sizes) + ", which cannot be", "fetch the file again");
    elements *= size;
  }
  if (std::int64_t(bytes.size() - header) != elements)
    fail(path,
         fmt::format("is {}: sizes {} ask for {} bytes after the header, and there are {}",
                     std::int64_t(bytes.size() - header) < elements ? "cut short" : "too long", sizes_text(file.sizes),
                     elements, bytes.size() - header),
         "fetch the file again");
  return file;
}

}  // namespace cambium
