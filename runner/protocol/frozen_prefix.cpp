#include "protocol/frozen_prefix.h"

#include <algorithm>

namespace cambium {

std::size_t frozen_prefix(const TransferPlan& plan) {
  std::size_t prefix = 0;
  const auto still = [&](const Phase& phase) {
    return phase.layers[prefix].frozen() && phase.layers[prefix].frozen_mode == FrozenMode::Eval;
  };
  while (prefix < plan.weights.size() && std::all_of(plan.phases.begin(), plan.phases.end(), still)) ++prefix;
  return prefix;
}

}  // namespace cambium
