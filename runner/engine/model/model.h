#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cambium/backbone.h"
#include "cambium/strategy.h"
#include "cambium/transfer_plan.h"
#include "engine/model/parameter_group.h"
#include "engine/model/precision.h"
#include "protocol/frozen_prefix.h"
#include "weights/fit.h"

namespace cambium {

/// f = h∘g: a backbone and its head, from images [N, C, H, W] to logits [N, classes].
class Model {
 public:
  /// What it takes and gives is float32 whatever the precision that it computes in.
  Model(std::unique_ptr<Backbone> backbone, std::int64_t classes, Precision precision = Precision::Fp32);

  const Backbone& backbone() const { return *backbone_; }
  std::size_t layers() const { return backbone_->layers().size(); }

  /// How a file's or another network's tensors go with this one under `plan`. Only the head may be missing; a tensor
  /// that the network does not know is a fault in a layer taken over.
  Fit fit(const TransferPlan& plan, const GivenTensors& given, const WeightsChoice& choice = {}) const;

  /// Fills every tensor: fresh ones from the seed and their own names, a fresh head from the seed and its shapes alone,
  /// the rest from `source`. Throws Error{Data} naming every tensor that the plan wants and the source lacks, has in
  /// another shape, or has in a layer taken over while the network does not know it. A fresh head need not be there.
  /// Leaves the first `from` layers as they are; layers() is the head's number.
  void initialise(const TransferPlan& plan, const TensorMap* source, std::uint64_t seed, std::size_t from = 0);

  /// From here on, learn as `phase` says: which parameters take gradients, how each layer's norm and dropout run.
  void begin_phase(const Phase& phase);
  /// The phase's parameter groups: each learning parameter in exactly one. `weight_decay` is the study's.
  std::vector<ParameterGroup> groups(const Phase& phase, double weight_decay) const;

  /// Train mode as the phase has it, or eval mode throughout.
  void train();
  void eval();

  /// Logits from what layer `from` - 1 gave (the images for 0). A frozen layer's running statistics stay as they are,
  /// also where its FrozenMode is Train.
  at::Tensor forward(const at::Tensor& x, std::size_t from = 0);
  /// The two halves of forward(): what the last layer gives, and the logits of that.
  at::Tensor body(const at::Tensor& x, std::size_t from = 0);
  at::Tensor head(const at::Tensor& features);
  /// What layers [`from`, `to`) give.
  at::Tensor features(const at::Tensor& x, std::size_t to, std::size_t from = 0) const;

  /// Every parameter and buffer of layer `from` and those above it by name, the head's under the backbone's name for
  /// it. The tensors are the model's own.
  TensorMap state(std::size_t from = 0) const;
  /// Copies `state` in; it must hold every tensor that state(from) has.
  void load_state(const TensorMap& state, std::size_t from = 0);
  /// Whether the head is one matrix, and perhaps one vector, on features [N, F].
  bool has_linear_head() const;
  /// The backbone's learning parameters.
  TensorMap learning() const;

  std::int64_t total_parameters() const;
  /// Those that learn in some phase of `plan`.
  std::int64_t trainable_parameters(const TransferPlan& plan) const;

 private:
  // Layer layers() is the head.
  Module& module(std::size_t layer) const;
  std::string prefix(std::size_t layer) const;
  std::vector<NamedParameter> parameters_of(std::size_t layer) const;
  std::vector<NamedBuffer> buffers_of(std::size_t layer) const;
  bool is_left_out(const std::string& name, const TransferPlan& plan, const std::set<std::string>& families) const;
  bool adapts(const std::string& name, const TensorExtents& from, const TensorExtents& to) const;
  at::Tensor run(std::size_t layer, const at::Tensor& x);
  static bool learns(const NamedParameter& parameter, const LayerPlan& plan);
  bool frozen(std::size_t layer, const LayerPlan& plan) const;

  std::unique_ptr<Backbone> backbone_;
  std::unique_ptr<Module> head_;
  std::vector<LayerPlan> phase_;  ///< of the phase begun last, one a layer, then the head's
  std::vector<bool> frozen_;      ///< the same
  bool training_ = false;
  Precision precision_;
};

/// Throws Error{Data} that tells the faults, if there are any.
void must_fit(const Fit& fit, const TransferPlan& plan);

/// The same tensors in memory of their own, without gradients.
TensorMap copied(const TensorMap& tensors);

/// How `plan` has everything learn in `epoch`.
const Phase& phase_at(const TransferPlan& plan, std::int64_t epoch);

/// The features of what a layer gives, [N, C]: maps [N, C, H, W] averaged over their places, vectors as they are.
at::Tensor pooled(const at::Tensor& x);

}  // namespace cambium
