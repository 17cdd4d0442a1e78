#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace cambium {

/// Where a layer's weights come from when training starts.
enum class Weights {
  Fresh,      ///< initialised anew from the seed
  Source,     ///< parameters and buffers of the source
  Statistics  ///< drawn anew with the source's mean and standard deviation, tensor by tensor
};

/// Which of a layer's parameters learn. Norm: the norms' scales and shifts; Bias: biases and, as in Ben Zaken et al.
/// 2022 (BitFit), the norms' shifts.
enum class Trainable { None, All, Norm, Bias };

/// How a layer that does not learn at all runs: Eval (nothing is dropped) or Train (its dropout drops, as in Yosinski
/// et al. 2014). In both, norms go by their running statistics, which never change: frozen means frozen.
enum class FrozenMode { Eval, Train };

/// How one layer, or the head, learns.
struct LayerPlan {
  Trainable trainable = Trainable::All;
  double rate = 1;                                    ///< times the study's learning rate
  std::optional<double> weight_decay = std::nullopt;  ///< instead of the study's
  FrozenMode frozen_mode = FrozenMode::Eval;
  std::optional<double> learning_rate = std::nullopt;  ///< instead of `rate` times the study's; scheduled like that

  bool frozen() const { return trainable == Trainable::None; }
  bool operator==(const LayerPlan&) const = default;
};

/// How everything learns from the beginning of epoch `epoch` (counted from 0) on.
struct Phase {
  std::int64_t epoch = 0;
  std::vector<LayerPlan> layers;  ///< one a backbone layer
  LayerPlan head;

  bool operator==(const Phase&) const = default;
};

/// What a strategy decides, as a plain value: the planner can share, check, price and print it.
struct TransferPlan {
  std::vector<Weights> weights;   ///< one a backbone layer
  std::vector<Phase> phases;      ///< in order of epoch; the first is epoch 0
  double source_share = 0;        ///< of each batch, the part that is source data, in [0, 1)
  Weights head = Weights::Fresh;  ///< the head's; from a source it must have as many classes as the data

  /// Whether anything is taken from a source: only then do the source's weights belong to a cell's identity.
  bool needs_source() const {
    for (Weights w : weights)
      if (w != Weights::Fresh) return true;
    return head != Weights::Fresh || source_share > 0;
  }
  bool operator==(const TransferPlan&) const = default;
};

}  // namespace cambium
