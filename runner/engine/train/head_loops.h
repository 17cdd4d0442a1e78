#pragma once

#include <cstdint>

/// The inner loops of linear heads, over blocks of eight images. Sums run over eight lanes and in one order, whatever
/// the vectors of the machine hold; multiplications and additions are fused where it can.
namespace cambium::head_loops {

constexpr std::int64_t kBlock = 8;

/// Up to `live` of eight rows; the others may be any that can be read.
struct Block {
  const float* const* rows = nullptr;
  std::int64_t live = kBlock;
};

struct BlockScore {
  double loss = 0;  ///< summed
  std::int64_t right = 0;
};

/// One update; each as Optimizer has it.
struct SgdStep {
  float rate = 0, momentum = 0, decay = 0;
  bool nesterov = false;
};
struct AdamStep {
  float rate = 0;    ///< over the first moment's bias
  float shrink = 1;  ///< of the value before the update
  float decay = 0;   ///< added to the gradient
  float beta1 = 0, rest1 = 0, beta2 = 0, rest2 = 0;
  float root = 1;  ///< of the second moment's bias
  float eps = 0;
};

struct Loops {
  /// logits[c][8] = rows · weight[c] + bias[c] for classes [first, last); `width` is a multiple of 8, bias may be null.
  void (*logits)(const Block& block, const float* weight, const float* bias, std::int64_t width, std::int64_t first,
                 std::int64_t last, float* logits);
  /// Makes of logits[classes][8] the derivatives of `scale` times the summed loss, zero for rows that are not live.
  BlockScore (*softmax)(std::int64_t live, const std::int64_t* labels, std::int64_t classes, double smoothing,
                        float scale, float* logits);
  /// gradient[c - first][width] += derivatives[c][8] · rows in columns [from, to), multiples of 8.
  void (*gradient)(const Block& block, const float* derivatives, std::int64_t width, std::int64_t first,
                   std::int64_t last, std::int64_t from, std::int64_t to, float* gradient);
  void (*sgd)(const SgdStep& step, std::int64_t count, const float* gradient, float* value, float* first);
  void (*adam)(const AdamStep& step, std::int64_t count, const float* gradient, float* value, float* first,
               float* second);
};

/// Those that this machine runs fastest.
const Loops& loops();

}  // namespace cambium::head_loops
