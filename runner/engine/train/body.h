#pragma once

#include <optional>
#include <string>

#include "engine/data/images.h"
#include "engine/model/model.h"
#include "engine/taps/frozen_prefix.h"
#include "protocol/messages.h"

namespace cambium {

/// A network that is trained, or whose frozen layers several cells share while each trains a head of its own.
struct Body {
  Model model;
  std::string begun =
      {};  ///< what its layers are, where they are still as they were filled; empty: nothing that counts
  std::optional<TensorMap> source = std::nullopt;     ///< what they were taken from
  std::optional<FrozenPrefix> prefix = std::nullopt;  ///< of `model`: a body is not moved
};

/// Fills the network as `plan` begins, in eval mode; frozen layers that are there already, from another cell, stay.
/// `images`: what is trained on.
void fill(Body& body, const TransferPlan& plan, const TrainJob& job, const Images& images, TapsPlace place);

}  // namespace cambium
