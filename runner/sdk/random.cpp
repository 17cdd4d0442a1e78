#include "cambium/random.h"

#include <cmath>
#include <numbers>
#include <string>

#include "cambium/files.h"

namespace cambium {

std::uint64_t stream_seed(std::uint64_t seed, std::string_view name, std::uint64_t index) {
  const std::string digest = sha256(std::to_string(seed) + "|" + std::string(name) + "|" + std::to_string(index));
  return std::stoull(digest.substr(0, 16), nullptr, 16);
}

std::uint64_t generation_seed(std::uint64_t seed, std::int64_t generation) {
  return generation == 0 ? seed : stream_seed(seed, "generation", std::uint64_t(generation));
}

RandomStream::RandomStream(std::uint64_t seed, std::string_view name, std::uint64_t index)
    : engine_(stream_seed(seed, name, index)) {}

std::uint64_t RandomStream::next() { return engine_(); }

double RandomStream::uniform() { return double(engine_() >> 11) * 0x1p-53; }

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  const double angle = 2 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::uint64_t RandomStream::below(std::uint64_t count) {
  const std::uint64_t rest = (~std::uint64_t{0} % count + 1) % count;  // 2^64 mod count
  for (;;) {
    const std::uint64_t bits = engine_();
    if (rest == 0 || bits < ~std::uint64_t{0} - rest + 1) return bits % count;
  }
}

}  // namespace cambium
