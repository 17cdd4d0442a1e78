#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cambium/dataset.h"
#include "cambium/strategy.h"
#include "engine/events.h"
#include "engine/safetensors.h"
#include "protocol/messages.h"

namespace cambium {

/// What a job's plugins came to.
struct Ingredients {
  std::unique_ptr<Backbone> backbone;
  std::shared_ptr<const Dataset> dataset;
  std::unique_ptr<Strategy> strategy;
  std::map<std::string, std::string> plugin_hashes;  ///< SHA-256 of the plugins' libraries, for the record
};

/// The layers as a strategy is told of them.
NetworkFacts network_facts(const Backbone& backbone, std::int64_t epochs);

/// Asks a strategy for its plan and holds the answer against the network: sizes, phases in order from epoch 0. Throws Error{Plugin}.
TransferPlan checked_plan(const Strategy& strategy, const NetworkFacts& facts);

/// Trains one cell and tells everything in its event file: what it started from, each epoch, and at the end the test, which nothing
/// read before. Goes on from a checkpoint if there is one. Throws what went wrong; the event file then has the epochs so far.
void train(const TrainJob& job, Ingredients ingredients, EventFile& events);

}  // namespace cambium
