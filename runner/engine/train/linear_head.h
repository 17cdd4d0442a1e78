#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cambium {

/// What images are to a head: a row of `width` floats each. Views: the owner keeps them, as a file in memory or a
/// tensor.
struct FeatureRows {
  const float* values = nullptr;
  std::int64_t width = 0;
  std::int64_t stride = 0;                  ///< floats from one row to the next
  std::span<const std::int64_t> rows = {};  ///< the row of each position; empty: position i is row i

  const float* at(std::int64_t position) const {
    return values + stride * (rows.empty() ? position : rows[std::size_t(position)]);
  }
};

/// Positions with their features and labels.
struct LabelledRows {
  FeatureRows features;
  std::span<const std::int64_t> labels;  ///< one a position, each in 0 .. classes - 1
};

/// The parameters of a linear head; views of the tensors that their owner keeps, written in place.
struct LinearHead {
  std::int64_t classes = 0, width = 0;
  std::span<float> weight;  ///< [classes, width]
  std::span<float> bias;    ///< [classes]; empty: none
};

/// What an optimizer keeps of each parameter from step to step, as large as the parameter. Zeros before the first step.
struct HeadMoments {
  std::span<float> weight_first, bias_first;    ///< SGD with momentum; Adam
  std::span<float> weight_second, bias_second;  ///< Adam; empty with SGD
  std::int64_t steps = 0;                       ///< taken so far
};

/// How a step changes parameters: what Optimizer does, in its order.
struct HeadRule {
  enum class Kind { Sgd, Adam, AdamW } kind = Kind::Sgd;
  double momentum = 0;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0;
  double label_smoothing = 0;
};

/// An epoch: in which order, in which batches, how fast.
struct HeadEpoch {
  std::span<const std::int64_t> order;  ///< positions
  std::span<const std::size_t>
      bounds;                     ///< of the batches in `order`: one more than there are steps, from 0 to its size
  std::span<const double> rates;  ///< learning rate of each step
  std::span<const double> momenta = {};  ///< instead of the rule's momentum or beta1, one a step; empty: the rule's
};

struct HeadScore {
  double loss = 0;         ///< mean cross-entropy by image; of the failed step where one failed. NaN for no images
  std::int64_t right = 0;  ///< images whose greatest logit, the first of equals, is their label's
  std::optional<std::int64_t> diverged = std::nullopt;  ///< the step, from 0, whose loss is not finite
};

/// Trains and scores linear heads under softmax cross-entropy, as at::cross_entropy_loss and Optimizer do within float
/// rounding. Runs on the calling thread alone; the bits of a head depend on its own input and on whether the CPU has
/// AVX2 and FMA, on nothing else. An object holds memory to work in, so that it serves one thread at a time, any heads.
class LinearHeadTrainer {
 public:
  /// One step a batch. Stops before the update of a step whose loss is not finite.
  HeadScore train_epoch(const LinearHead& head, HeadMoments& moments, const LabelledRows& data, const HeadEpoch& epoch,
                        const HeadRule& rule);

  /// Without smoothing; the mean of a float64 sum.
  HeadScore evaluate(const LinearHead& head, const LabelledRows& data, std::span<const std::int64_t> positions);

  /// The mean loss of all positions with smoothing, and its derivatives: of the weights, then of the bias, summed over
  /// images in float64.
  HeadScore slope(const LinearHead& head, const LabelledRows& data, std::span<const std::int64_t> positions,
                  double smoothing, std::vector<double>& gradient);

 private:
  void choose(const LinearHead& head, const LabelledRows& data, std::span<const std::int64_t> batch);
  void choose_weight(const LinearHead& head);
  void keep_blocks(const LinearHead& head, std::size_t count);
  std::size_t blocks() const { return rows_.size() / 8; }
  std::int64_t live(std::size_t block) const;
  float* logits(const LinearHead& head, std::size_t block);
  HeadScore score(const LinearHead& head, std::size_t first_block, std::size_t last_block, double smoothing,
                  float scale);
  void add_gradient(const LinearHead& head, std::int64_t first, std::int64_t last, std::size_t first_block,
                    std::size_t last_block);

  std::size_t count_ = 0;             ///< images in the batch
  std::vector<const float*> rows_;    ///< theirs, filled up to whole blocks
  std::vector<std::int64_t> labels_;  ///< theirs
  const float* weight_ = nullptr;     ///< [classes, padded width]
  std::size_t kept_blocks_ = 1;       ///< in logits_
  std::vector<float> logits_;         ///< [blocks, classes, 8]: logits, then the loss's derivatives
  std::vector<float> gradient_;       ///< [classes at once, padded width]
  std::vector<float> bias_gradient_;
  std::vector<float> padded_rows_, padded_weight_;
};

}  // namespace cambium
