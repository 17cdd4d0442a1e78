#pragma once

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace cambium {

/// A named stream of random numbers, the same on every machine.
///
/// Streams with another seed, name or index are independent: drawing from one never changes what another gives. The
/// runner uses the names "split", "backbone", "head", "order", "augment" and "dropout".
class RandomStream {
 public:
  /// `index` tells apart streams of one name, for instance epochs or samples.
  RandomStream(std::uint64_t seed, std::string_view name, std::uint64_t index = 0);

  std::uint64_t next();  ///< 64 uniform bits
  double uniform();      ///< [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal();                           ///< mean 0, variance 1 (Box-Muller)
  std::uint64_t below(std::uint64_t count);  ///< 0 .. count-1, without bias; count > 0

  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::mt19937_64 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// The seed of a stream: 64 bits of SHA-256 over seed, name and index.
std::uint64_t stream_seed(std::uint64_t seed, std::string_view name, std::uint64_t index = 0);

/// What stands for `seed` in the streams of a cell of `generation` (how many stages its init is away from one without):
/// what a network draws anew, and the order of its images, are never those that a network it comes from began with.
/// Generation 0 has the seed itself.
std::uint64_t generation_seed(std::uint64_t seed, std::int64_t generation);

}  // namespace cambium
