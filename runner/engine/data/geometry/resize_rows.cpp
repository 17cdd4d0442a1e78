#include "engine/data/geometry/resize_rows.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Sums of bytes times weights of 22 bits do not fit what multiplies fast, 16 bits by 16. So each weight, about 2^22 at
/// most and below 0 for some of the bicubic ones, is split into what is above its lower 11 bits, with the sign, and
/// these, which does: the sums are exact, and thus the same on every machine.
namespace cambium::resampling {
namespace {

constexpr std::int32_t kHalf = 1 << (kBits - 1);
constexpr int kLowBits = 11;
constexpr std::int32_t kLowMask = (1 << kLowBits) - 1;

std::uint8_t byte_of(std::int32_t sum) { return std::uint8_t(std::clamp(sum >> kBits, 0, 255)); }

template <int Channels>
void across(const std::uint8_t* in, const Weights& weights, std::uint8_t* out) {
  for (std::size_t i = 0; i < weights.first.size(); ++i, out += Channels) {
    const std::uint8_t* from = in + weights.first[i] * Channels;
    const std::int32_t* weight = weights.of(i);
    std::int32_t sums[Channels];
    std::fill_n(sums, Channels, kHalf);
    for (std::int64_t t = 0; t < weights.count[i]; ++t)
      for (int c = 0; c < Channels; ++c) sums[c] += from[t * Channels + c] * weight[t];
    for (int c = 0; c < Channels; ++c) out[c] = byte_of(sums[c]);
  }
}

void down_plain(const std::uint8_t* in, std::int64_t stride, const std::int32_t* weights, std::int64_t count,
                std::int64_t from, std::int64_t bytes, std::uint8_t* out) {
  for (std::int64_t b = from; b < bytes; ++b) {
    std::int32_t sum = kHalf;
    for (std::int64_t t = 0; t < count; ++t) sum += in[t * stride + b] * weights[t];
    out[b] = byte_of(sum);
  }
}

#if defined(__x86_64__)
bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}

/// Four pixels of three bytes at a time, two in each half: [r0 r1 g0 g1 b0 b1 - -][r2 r3 g2 g3 b2 b3 - -] as 16 bits.
__attribute__((target("avx2"))) void across_rgb_avx2(const std::uint8_t* in, const Weights& weights,
                                                     std::uint8_t* out) {
  const __m256i order = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6, -1, 9, -1, 7, -1,
                                         10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const __m128i low_mask = _mm_set1_epi32(kLowMask);
  const std::size_t outputs = weights.first.size();
  for (std::size_t i = 0; i < outputs; ++i, out += 3) {
    const std::uint8_t* from = in + weights.first[i] * 3;
    const std::int32_t* weight = weights.of(i);
    __m256i high = _mm256_setzero_si256(), low = _mm256_setzero_si256();
    for (std::int64_t t = 0; t < weights.count[i]; t += 4, from += 12) {
      // Four weights as pairs of 16 bits: [w0 w1 w2 w3 ...], upper and lower bits apart.
      const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weight + t));
      const __m128i upper = _mm_packs_epi32(_mm_srai_epi32(four, kLowBits), _mm_setzero_si128());
      const __m128i lower = _mm_packs_epi32(_mm_and_si128(four, low_mask), _mm_setzero_si128());
      const __m256i pixels = _mm256_shuffle_epi8(
          _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))), order);
      high = _mm256_add_epi32(
          high, _mm256_madd_epi16(pixels, _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(upper), spread)));
      low = _mm256_add_epi32(
          low, _mm256_madd_epi16(pixels, _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(lower), spread)));
    }
    const __m256i both = _mm256_add_epi32(_mm256_slli_epi32(high, kLowBits), low);
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(kHalf)), kBits);
    sum = _mm_packus_epi16(_mm_packs_epi32(sum, sum), sum);
    const int bytes = _mm_cvtsi128_si32(sum);
    std::memcpy(out, &bytes, 4);  // the fourth is written over by the next
  }
}

/// Sixteen bytes at a time, two rows in one multiplication.
__attribute__((target("avx2"))) void down_avx2(const std::uint8_t* in, std::int64_t stride, const std::int32_t* weights,
                                               std::int64_t count, std::int64_t bytes, std::uint8_t* out) {
  std::int64_t b = 0;
  for (; b + 16 <= bytes; b += 16) {
    __m256i high0 = _mm256_setzero_si256(), high1 = high0, low0 = high0, low1 = high0;
    for (std::int64_t t = 0; t < count; t += 2) {
      const bool last = t + 1 == count;
      const __m128i one = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + t * stride + b));
      const __m128i two = last ? one : _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + (t + 1) * stride + b));
      const std::int32_t w0 = weights[t], w1 = last ? 0 : weights[t + 1];
      const __m256i upper = _mm256_set1_epi32(((w0 >> kLowBits) & 0xffff) | (w1 >> kLowBits) << 16);
      const __m256i lower = _mm256_set1_epi32((w0 & kLowMask) | (w1 & kLowMask) << 16);
      const __m256i pairs0 = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(one, two));
      const __m256i pairs1 = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(one, two));
      high0 = _mm256_add_epi32(high0, _mm256_madd_epi16(pairs0, upper));
      high1 = _mm256_add_epi32(high1, _mm256_madd_epi16(pairs1, upper));
      low0 = _mm256_add_epi32(low0, _mm256_madd_epi16(pairs0, lower));
      low1 = _mm256_add_epi32(low1, _mm256_madd_epi16(pairs1, lower));
    }
    const __m256i half = _mm256_set1_epi32(kHalf);
    const __m256i sum0 =
        _mm256_srai_epi32(_mm256_add_epi32(_mm256_add_epi32(_mm256_slli_epi32(high0, kLowBits), low0), half), kBits);
    const __m256i sum1 =
        _mm256_srai_epi32(_mm256_add_epi32(_mm256_add_epi32(_mm256_slli_epi32(high1, kLowBits), low1), half), kBits);
    // Packing works on each half by itself: [0-3 8-11][4-7 12-15] is put in order again.
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(sum0, sum1), 0xd8);
    const __m128i packed = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + b), packed);
  }
  down_plain(in, stride, weights, count, b, bytes, out);
}
#endif

}  // namespace

void across_rgb(const std::uint8_t* in, const Weights& weights, std::uint8_t* out) {
#if defined(__x86_64__)
  if (has_avx2()) return across_rgb_avx2(in, weights, out);
#endif
  across<3>(in, weights, out);
}

void across_one(const std::uint8_t* in, const Weights& weights, std::uint8_t* out) { across<1>(in, weights, out); }

void down(const std::uint8_t* in, std::int64_t stride, const std::int32_t* weights, std::int64_t count,
          std::int64_t bytes, std::uint8_t* out) {
#if defined(__x86_64__)
  if (has_avx2()) return down_avx2(in, stride, weights, count, bytes, out);
#endif
  down_plain(in, stride, weights, count, 0, bytes, out);
}

}  // namespace cambium::resampling
