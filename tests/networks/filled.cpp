#include <ATen/ops/empty.h>
#include <zlib.h>

#include <cmath>

#include "networks/oracle.h"

namespace cambium::test {
namespace {

double uniform(std::uint64_t start, std::uint64_t place) {
  std::uint64_t z = place + (start << 32);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z = z ^ (z >> 31);
  return double(z >> 11) * 0x1p-53;
}

bool ends(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

at::Tensor filled(const std::string& name, const std::vector<std::int64_t>& shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  const auto start = crc32(0, reinterpret_cast<const Bytef*>(name.data()), uInt(name.size()));
  const std::int64_t count = tensor.numel();
  const double bound = shape.size() > 1 ? std::sqrt(6 / double(count / shape[0])) : 0;
  const bool variance = ends(name, "running_var"), weight = ends(name, "weight");
  for (std::int64_t i = 0; i < count; ++i) {
    const double u = uniform(start, std::uint64_t(i) % (1 << 20));
    tensor.data_ptr<float>()[i] = float(shape.size() > 1 ? (2 * u - 1) * bound
                                        : variance       ? 0.5 + u
                                        : weight         ? 0.25 + 0.5 * u
                                                         : 0.2 * (u - 0.5));
  }
  return tensor;
}

}  // namespace cambium::test
