#pragma once

#include <cstdint>
#include <vector>

namespace cambium::resampling {

constexpr int kBits = 22;  ///< of the weights' fraction

/// What some outputs along one side are made of: output i is the sum of `count[i]` inputs from `first[i]` on, weighted.
struct Weights {
  std::int64_t taps = 0;  ///< the most that any output has
  std::vector<std::int64_t> first, count;
  std::vector<std::int32_t> values;  ///< [outputs, taps], 0 beyond an output's count

  const std::int32_t* of(std::size_t output) const { return values.data() + output * std::size_t(taps); }
};

/// One row of `Channels` interleaved bytes a pixel: out[i] for all outputs of `weights`.
/// `in` must be readable for 16 bytes beyond its end, and `out` writable for 4.
void across_rgb(const std::uint8_t* in, const Weights& weights, std::uint8_t* out);
void across_one(const std::uint8_t* in, const Weights& weights, std::uint8_t* out);

/// The weighted sum of `count` rows of `bytes` bytes, `stride` apart.
void down(const std::uint8_t* in, std::int64_t stride, const std::int32_t* weights, std::int64_t count,
          std::int64_t bytes, std::uint8_t* out);

}  // namespace cambium::resampling
