#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "cambium/schema.h"
#include "engine/data/images.h"
#include "engine/model/model.h"
#include "engine/train/lbfgs.h"
#include "engine/train/linear_head.h"
#include "engine/train/schedule.h"

namespace cambium {

/// Whether all that learns under `plan` is a linear head on taps that `train` and `validation` are fed.
bool trains_head_alone(const TransferPlan& plan, const Model& model, const Images& train, const Images& validation);

/// Trains the model's linear head on taps, by the head trainer: many times the rate of the general way. The numbers are
/// that one's but for rounding, and the state has its names.
class HeadTraining {
 public:
  HeadTraining(Model& model, const Params& train_settings, const Images& train, const Images& validation);

  void begin_phase(const LayerPlan& head);
  /// One epoch; `first` is the number of its first step in the whole training.
  HeadScore train(const std::vector<std::int64_t>& order, const std::vector<std::size_t>& bounds,
                  const Schedule& schedule, std::int64_t first);
  /// Instead of epochs: fits the head to all images by L-BFGS, as the settings say.
  LbfgsScore fit();
  /// Of the validation images that were given, or of others fed with taps.
  Score evaluate(const Images& images);

  /// What Optimizer's state() would be.
  TensorMap state() const;
  void load_state(const TensorMap& state);

 private:
  struct Fed {
    at::Tensor features;  ///< [N, F]
    at::Tensor labels;    ///< int64 [N]
    LabelledRows rows() const;
  };
  static Fed fed(const Images& images);
  struct Learned {
    std::string name;
    at::Tensor value, first, second;
  };
  LinearHead head();

  const Params& settings_;
  HeadRule rule_;
  LayerPlan plan_;
  Learned weight_, bias_;  ///< bias_.value is undefined where there is none
  std::int64_t steps_ = 0;
  const Images* validation_;
  Fed train_data_, validation_data_;
  LinearHeadTrainer trainer_;
};

}  // namespace cambium
