#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cambium/transfer_plan.h"

namespace cambium {

/// What a strategy may know of the network and the run when it plans.
struct NetworkFacts {
  struct LayerFacts {
    std::string name;
    std::int64_t parameters = 0;
  };
  std::vector<LayerFacts> layers;
  std::int64_t epochs = 0;

  /// The index of the layer called `name`; throws Error{Plugin} with the names there are.
  std::size_t index_of(const std::string& name) const;
};

/// Tensors by their full names.
using TensorMap = std::map<std::string, at::Tensor>;

/// What a penalty can be made of at one step.
struct TrainingStep {
  const TensorMap& weights;    ///< the backbone's learning parameters (not the head's)
  const TensorMap& start;      ///< every tensor of the network as it was when training began, without gradient
  const at::Tensor& features;  ///< of the batch's target images, pooled: [N, F]
};

/// What is transferred, what is frozen, what learns how fast, and when that changes. Most strategies are plan() alone.
class Strategy {
 public:
  virtual ~Strategy() = default;

  /// The plan for a network. Throws Error{Plugin} for what the network cannot do, as a cut past the last layer.
  virtual TransferPlan plan(const NetworkFacts& network) const = 0;

  /// A scalar added to the loss of each step, or an undefined tensor for none.
  virtual at::Tensor penalty(const TrainingStep& step) const;

  /// A look at the end of each epoch (counted from 1), at the values that are logged for it.
  virtual void epoch_end(std::int64_t epoch, const std::map<std::string, double>& metrics);
};

/// All layers in one way, the head learning: where most plans begin.
TransferPlan uniform_plan(const NetworkFacts& network, Weights weights, LayerPlan layer);

}  // namespace cambium
