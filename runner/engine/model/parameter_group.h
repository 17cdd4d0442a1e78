#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cambium {

/// Parameters that learn in one way.
struct ParameterGroup {
  std::vector<std::pair<std::string, at::Tensor>> parameters;  ///< by full name
  double rate = 1;                                             ///< times the step's learning rate
  double weight_decay = 0;
  std::optional<double> learning_rate = std::nullopt;  ///< instead of `rate` times the step's
};

}  // namespace cambium
