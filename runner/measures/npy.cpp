#include "measures/npy.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <bit>

namespace cambium::measures {

static_assert(std::endian::native == std::endian::little, "npy() writes the tensor's bytes as they are");

std::string npy(const at::Tensor& tensor) {
  const bool real = tensor.is_floating_point();
  const at::Tensor whole = tensor.to(real ? at::kFloat : at::kLong).contiguous();
  std::string shape;
  for (const std::int64_t extent : whole.sizes()) shape += fmt::format("{}, ", extent);
  if (whole.dim() > 1) shape.resize(shape.size() - 2);  // a tuple of one keeps its comma
  if (whole.dim() == 1) shape.pop_back();
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", real ? "<f4" : "<i8", shape);
  constexpr std::size_t kBefore = 10, kAlign = 64;  // magic, version and length come before; data begins aligned
  header.append(kAlign - (kBefore + header.size() + 1) % kAlign, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += char(header.size() & 255);
  bytes += char(header.size() >> 8);
  bytes += header;
  bytes.append(static_cast<const char*>(whole.data_ptr()), whole.nbytes());
  return bytes;
}

}  // namespace cambium::measures
