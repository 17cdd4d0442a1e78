#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cambium/schema.h"
#include "cambium/strategy.h"
#include "engine/model/parameter_group.h"

namespace cambium {

template <class T>
struct AdamStep;

/// SGD, Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), updating as torch::optim does, within
/// rounding: all of a parameter in one pass over memory.
class Optimizer {
 public:
  explicit Optimizer(const Params& train_settings);

  /// What learns from now on. A parameter that goes on learning keeps its state, one that begins starts with none, and
  /// one that is left out loses its own. Throws std::logic_error for a parameter in two groups.
  void set_groups(std::vector<ParameterGroup> groups);
  const std::vector<ParameterGroup>& groups() const { return groups_; }

  void zero_grad();
  /// One update with the gradients as they are; a parameter without one stays. `factor`, the schedule's, scales every
  /// rate; `momentum`, if any, is the step's instead of the settings' (Adam's beta1).
  void step(double learning_rate, double factor = 1, std::optional<double> momentum = std::nullopt);

  /// Everything beyond the settings, as "NAME/KEY"; the number of steps as a float64 scalar.
  TensorMap state() const;
  void load_state(const TensorMap& state);

 private:
  struct Moments {
    at::Tensor first, second;  ///< SGD: momentum; Adam: both moments
    std::int64_t steps = 0;
  };
  template <class T>
  void update(at::Tensor& value, Moments& moments, double rate, double decay) const;
  template <class T>
  AdamStep<T> adam_step(std::int64_t steps, double rate, double decay) const;

  enum class Kind { Sgd, Adam, AdamW } kind_ = Kind::Sgd;
  double momentum_ = 0, beta1_ = 0, beta2_ = 0, eps_ = 0;
  bool nesterov_ = false;
  std::vector<ParameterGroup> groups_;
  std::map<std::string, Moments> moments_;
};

}  // namespace cambium
