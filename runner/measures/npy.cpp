#include "measures/npy.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include "cambium/error.h"

namespace cambium::measures {

static_assert(std::endian::native == std::endian::little, "npy() writes the tensor's bytes as they are");

namespace {

/// What comes before the numbers.
std::string header_of(const std::vector<std::int64_t>& extents, bool floating) {
  std::string shape;
  for (const std::int64_t extent : extents) shape += fmt::format("{}, ", extent);
  if (extents.size() > 1) shape.resize(shape.size() - 2);  // a tuple of one keeps its comma
  if (extents.size() == 1) shape.pop_back();
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", floating ? "<f4" : "<i8", shape);
  constexpr std::size_t kBefore = 10, kAlign = 64;  // magic, version and length come before; data begins aligned
  header.append(kAlign - (kBefore + header.size() + 1) % kAlign, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += char(header.size() & 255);
  bytes += char(header.size() >> 8);
  return bytes + header;
}

at::Tensor stored(const at::Tensor& tensor, bool floating) {
  return tensor.to(floating ? at::kFloat : at::kLong).contiguous();
}

std::string_view bytes_of(const at::Tensor& whole) {
  return {static_cast<const char*>(whole.data_ptr()), whole.nbytes()};
}

}  // namespace

std::string npy(const at::Tensor& tensor) {
  const bool floating = tensor.is_floating_point();
  return header_of(tensor.sizes().vec(), floating).append(bytes_of(stored(tensor, floating)));
}

NpyFile::NpyFile(std::filesystem::path path, const std::vector<std::int64_t>& shape, bool floating)
    : path_(std::move(path)),
      partial_(path_.string() + ".part"),
      floating_(floating),
      file_(partial_, std::ios::binary) {
  put(header_of(shape, floating));
}

NpyFile::~NpyFile() {
  std::error_code ignored;
  std::filesystem::remove(partial_, ignored);
}

void NpyFile::append(const at::Tensor& rows) { put(bytes_of(stored(rows, floating_))); }

std::string NpyFile::close() {
  file_.close();
  if (!file_) fail("write");
  std::error_code failed;
  std::filesystem::rename(partial_, path_, failed);
  if (failed) fail("put the file in place");
  return hash_.hex();
}

void NpyFile::put(std::string_view bytes) {
  hash_.add(bytes);
  if (!file_.write(bytes.data(), std::streamsize(bytes.size()))) fail("write");
}

void NpyFile::fail(const char* what) const {
  throw Error(ErrorKind::System, fmt::format("{}: cannot {}: {}", path_.string(), what, std::strerror(errno)),
              errno == ENOSPC ? "make room on the disk and run again"
                              : "check that the folder is there and that you may write to it");
}

}  // namespace cambium::measures
