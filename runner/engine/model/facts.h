#pragma once

#include <cstdint>

#include "cambium/backbone.h"
#include "cambium/strategy.h"

namespace cambium {

/// The layers as a strategy is told of them.
NetworkFacts network_facts(const Backbone& backbone, std::int64_t epochs);

/// Asks a strategy for its plan and holds the answer against the network: sizes, phases in order from epoch 0, rates
/// and decays, nothing that the trainer cannot do. Throws Error{Plugin}.
TransferPlan checked_plan(const Strategy& strategy, const NetworkFacts& facts);

}  // namespace cambium
