#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cambium/dataset.h"
#include "engine/data/images.h"
#include "engine/data/sealed_dataset.h"
#include "engine/model/model.h"
#include "protocol/messages.h"

namespace cambium {

/// The images that a network was trained on before, and the head that it had then: what a plan with a source share
/// learns beside the target. The head learns as the backbone's last layer does.
class SourceMix {
 public:
  /// `weights`: the source's tensors. Throws Error{Data} where the head is not among them or is not made for the data's
  /// classes and the model's features.
  SourceMix(const SourceData& source, std::shared_ptr<const Dataset> dataset, const Model& model,
            const TensorMap& weights, double share);

  struct Batch {
    at::Tensor inputs;  ///< float32 [M, C, H, W]
    at::Tensor labels;  ///< int64 [M], or shares of mixed images, float32 [M, source's classes]
  };
  /// What goes with `targets` target images so that the share is met, at least one image. Batches of an epoch go
  /// through the source's images in rounds, each with an order and an augmentation of its own.
  Batch next(std::size_t targets, std::uint64_t seed, std::int64_t epoch);
  /// Logits [M, source's classes] from the features of source images.
  at::Tensor head(const at::Tensor& features) const { return head_->forward(features); }

  /// The head's parameters, to learn as `last` says; empty where that is frozen.
  ParameterGroup begin_phase(const LayerPlan& last, double weight_decay);

  /// The head's tensors, under names that no network has.
  TensorMap state() const;
  void load_state(const TensorMap& state);

  /// The model's score on the source's test images with the head as it is; nothing where there are none. To be called
  /// when training is over.
  std::optional<Score> test(Model& model);

 private:
  void begin_round(std::size_t round, std::uint64_t seed);
  /// What stands for the seed in this round's streams.
  std::uint64_t round_seed(std::uint64_t seed) const;

  std::shared_ptr<const Dataset> dataset_;
  SealedDataset data_;
  Preprocessing how_;
  Images train_;
  std::unique_ptr<Module> head_;
  double share_;
  std::int64_t epoch_ = -1;  ///< that `order_` is of
  std::vector<std::int64_t> order_;
  std::size_t round_ = 0;  ///< how often this epoch has gone through all images
  std::size_t taken_ = 0;  ///< images of this round so far
};

}  // namespace cambium
