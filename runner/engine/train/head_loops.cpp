#include "engine/train/head_loops.h"

#include <array>
#include <cmath>
#include <limits>

/// Built with contraction of a * b + c and without errno (runner/CMakeLists.txt). Each loop is written once, and built
/// for every machine and for AVX2 with FMA.
namespace cambium::head_loops {
namespace {

using Lanes = float __attribute__((vector_size(32)));
using IntLanes = std::int32_t __attribute__((vector_size(32)));
using Four = float __attribute__((vector_size(16)));
// The same anywhere in memory.
using LooseLanes = float __attribute__((vector_size(32), aligned(4), may_alias));
using LooseFour = float __attribute__((vector_size(16), aligned(4), may_alias));

#define CAMBIUM_INLINE inline __attribute__((always_inline))

constexpr int kHalf = 4;  ///< rows that are worked on at once, with three classes: all of sixteen registers

CAMBIUM_INLINE Lanes load(const float* from) { return *reinterpret_cast<const LooseLanes*>(from); }
CAMBIUM_INLINE void store(float* to, Lanes value) { *reinterpret_cast<LooseLanes*>(to) = value; }
CAMBIUM_INLINE Lanes all(float value) { return Lanes{} + value; }

/// The sum of each of four, lanes added as ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)).
CAMBIUM_INLINE Four sums(Lanes a, Lanes b, Lanes c, Lanes d) {
  const Lanes ab = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14) +
                   __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15),
              cd = __builtin_shufflevector(c, d, 0, 8, 2, 10, 4, 12, 6, 14) +
                   __builtin_shufflevector(c, d, 1, 9, 3, 11, 5, 13, 7, 15);
  const Lanes abcd = __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) +
                     __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
  return __builtin_shufflevector(abcd, abcd, 0, 1, 2, 3) + __builtin_shufflevector(abcd, abcd, 4, 5, 6, 7);
}

/// Four rows times some classes.
template <int Classes>
CAMBIUM_INLINE void products(const float* const* rows, const float* weight, const float* bias, std::int64_t width,
                             float* logits) {
  Lanes sum[Classes][kHalf] = {};
  const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
  for (std::int64_t f = 0; f < width; f += kBlock) {
    Lanes w[Classes];
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) w[c] = load(weight + c * width + f);
    const Lanes x0 = load(r0 + f);
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) sum[c][0] += x0 * w[c];
    const Lanes x1 = load(r1 + f);
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) sum[c][1] += x1 * w[c];
    const Lanes x2 = load(r2 + f);
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) sum[c][2] += x2 * w[c];
    const Lanes x3 = load(r3 + f);
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) sum[c][3] += x3 * w[c];
  }
#pragma GCC unroll 4
  for (int c = 0; c < Classes; ++c)
    *reinterpret_cast<LooseFour*>(logits + c * kBlock) =
        sums(sum[c][0], sum[c][1], sum[c][2], sum[c][3]) + (bias ? bias[c] : 0);
}

/// Calls work.template operator()<CLASSES>(first class) for threes, and for what is left.
template <class Work>
CAMBIUM_INLINE void by_threes(std::int64_t first, std::int64_t last, const Work& work) {
  std::int64_t c = first;
  for (; c + 3 <= last; c += 3) work.template operator()<3>(c);
  if (last - c == 2) work.template operator()<2>(c);
  if (last - c == 1) work.template operator()<1>(c);
}

CAMBIUM_INLINE void any_logits(const Block& block, const float* weight, const float* bias, std::int64_t width,
                               std::int64_t first, std::int64_t last, float* logits) {
  const bool both = block.live > kHalf;
  by_threes(
      first, last, [&]<int Classes>(std::int64_t c) __attribute__((always_inline)) {
        const float* own_bias = bias ? bias + c : nullptr;
        products<Classes>(block.rows, weight + c * width, own_bias, width, logits + c * kBlock);
        if (both)
          products<Classes>(block.rows + kHalf, weight + c * width, own_bias, width, logits + c * kBlock + kHalf);
      });
}

/// e^x for x <= 0 within 2 units in the last place, 0 below -87 (Cephes' expf by S. Moshier).
CAMBIUM_INLINE Lanes exponential(Lanes x) {
  constexpr float kRound = 12582912;  // 1.5 * 2^23: added, it leaves a whole number in the lowest bits
  const Lanes rounded = x * 1.44269504f + kRound, n = rounded - kRound;
  const Lanes r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Lanes p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * r) * r + r + 1;
  const Lanes result = Lanes(IntLanes(p) + (IntLanes(rounded) << 23));
  return x == x ? (x < -87.0f ? Lanes{} : result) : x;
}

CAMBIUM_INLINE BlockScore any_softmax(std::int64_t live, const std::int64_t* labels, std::int64_t classes,
                                      double smoothing, float scale, float* logits) {
  Lanes top = load(logits);
  IntLanes best = {};
  for (std::int64_t c = 1; c < classes; ++c) {
    const Lanes logit = load(logits + c * kBlock);
    const IntLanes more = logit > top;
    top = more ? logit : top;
    best = more ? IntLanes{} + std::int32_t(c) : best;
  }
  double told[kBlock];  // the logits of the labels
  for (std::int64_t r = 0; r < live; ++r) told[r] = double(logits[labels[r] * kBlock + r]) - double(top[r]);
  Lanes sum = {}, total = {};
  for (std::int64_t c = 0; c < classes; ++c) {
    const Lanes below = load(logits + c * kBlock) - top, e = exponential(below);
    total += below;
    sum += e;
    store(logits + c * kBlock, e);
  }
  const IntLanes lane = {0, 1, 2, 3, 4, 5, 6, 7};
  const IntLanes used = lane < std::int32_t(live);
  const auto spread = float(smoothing / double(classes));
  const Lanes share = scale / sum;
  for (std::int64_t c = 0; c < classes; ++c) {
    const Lanes derivative = load(logits + c * kBlock) * share - spread * scale;
    store(logits + c * kBlock, used ? derivative : Lanes{});
  }
  BlockScore score;
  double product = 1;  // the sum of logarithms is that of the product, which 1e6 classes do not take beyond 1e48
  for (std::int64_t r = 0; r < live; ++r) {
    logits[labels[r] * kBlock + r] -= float(1 - smoothing) * scale;
    product *= double(sum[r]);
    score.loss -= (1 - smoothing) * told[r] + smoothing / double(classes) * double(total[r]);
    score.right += best[r] == std::int32_t(labels[r]);
  }
  score.loss += std::log(product);
  return score;
}

/// The outer product of four rows and some classes' derivatives.
template <int Classes>
CAMBIUM_INLINE void add_outer(const float* const* rows, const float* derivatives, std::int64_t width, std::int64_t from,
                              std::int64_t to, float* gradient) {
  Lanes d[Classes][kHalf];
#pragma GCC unroll 4
  for (int c = 0; c < Classes; ++c)
#pragma GCC unroll 4
    for (int r = 0; r < kHalf; ++r) d[c][r] = all(derivatives[c * kBlock + r]);
  const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
  for (std::int64_t f = from; f < to; f += kBlock) {
    Lanes g[Classes];
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) g[c] = load(gradient + c * width + f);
    const Lanes x0 = load(r0 + f);
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) g[c] += x0 * d[c][0];
    const Lanes x1 = load(r1 + f);
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) g[c] += x1 * d[c][1];
    const Lanes x2 = load(r2 + f);
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) g[c] += x2 * d[c][2];
    const Lanes x3 = load(r3 + f);
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) g[c] += x3 * d[c][3];
#pragma GCC unroll 4
    for (int c = 0; c < Classes; ++c) store(gradient + c * width + f, g[c]);
  }
}

CAMBIUM_INLINE void any_gradient(const Block& block, const float* derivatives, std::int64_t width, std::int64_t first,
                                 std::int64_t last, std::int64_t from, std::int64_t to, float* gradient) {
  const bool both = block.live > kHalf;
  by_threes(
      first, last, [&]<int Classes>(std::int64_t c) __attribute__((always_inline)) {
        float* own = gradient + (c - first) * width;
        add_outer<Classes>(block.rows, derivatives + c * kBlock, width, from, to, own);
        if (both) add_outer<Classes>(block.rows + kHalf, derivatives + c * kBlock + kHalf, width, from, to, own);
      });
}

CAMBIUM_INLINE void any_sgd(const SgdStep& given, std::int64_t count, const float* __restrict gradient,
                            float* __restrict value, float* __restrict first) {
  const SgdStep step = given;
  if (step.momentum == 0) {
    for (std::int64_t i = 0; i < count; ++i) value[i] -= step.rate * (gradient[i] + step.decay * value[i]);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] + step.decay * value[i];
    const float m = first[i] * step.momentum + g;
    first[i] = m;
    value[i] -= step.rate * (step.nesterov ? g + step.momentum * m : m);
  }
}

CAMBIUM_INLINE void any_adam(const AdamStep& given, std::int64_t count, const float* __restrict gradient,
                             float* __restrict value, float* __restrict first, float* __restrict second) {
  const AdamStep step = given;
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] + step.decay * value[i];
    first[i] = first[i] * step.beta1 + g * step.rest1;
    second[i] = second[i] * step.beta2 + (g * g) * step.rest2;
    value[i] = value[i] * step.shrink - step.rate * (first[i] / (std::sqrt(second[i]) / step.root + step.eps));
  }
}

#define CAMBIUM_LOOPS(NAME, ...)                                                                                   \
  struct NAME {                                                                                                    \
    __VA_ARGS__ static void logits(const Block& b, const float* w, const float* bias, std::int64_t width,          \
                                   std::int64_t first, std::int64_t last, float* out) {                            \
      any_logits(b, w, bias, width, first, last, out);                                                             \
    }                                                                                                              \
    __VA_ARGS__ static BlockScore softmax(std::int64_t live, const std::int64_t* labels, std::int64_t classes,     \
                                          double smoothing, float scale, float* logits) {                          \
      return any_softmax(live, labels, classes, smoothing, scale, logits);                                         \
    }                                                                                                              \
    __VA_ARGS__ static void gradient(const Block& b, const float* d, std::int64_t width, std::int64_t first,       \
                                     std::int64_t last, std::int64_t from, std::int64_t to, float* out) {          \
      any_gradient(b, d, width, first, last, from, to, out);                                                       \
    }                                                                                                              \
    __VA_ARGS__ static void sgd(const SgdStep& step, std::int64_t n, const float* g, float* value, float* first) { \
      any_sgd(step, n, g, value, first);                                                                           \
    }                                                                                                              \
    __VA_ARGS__ static void adam(const AdamStep& step, std::int64_t n, const float* g, float* value, float* first, \
                                 float* second) {                                                                  \
      any_adam(step, n, g, value, first, second);                                                                  \
    }                                                                                                              \
    static constexpr Loops kAll = {logits, softmax, gradient, sgd, adam};                                          \
  };

CAMBIUM_LOOPS(Plain)
#if defined(__x86_64__)
CAMBIUM_LOOPS(Avx2, __attribute__((target("avx2,fma"))))
#endif
#undef CAMBIUM_LOOPS

}  // namespace

const Loops& loops() {
#if defined(__x86_64__)
  static const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (wide) return Avx2::kAll;
#endif
  return Plain::kAll;
}

}  // namespace cambium::head_loops
