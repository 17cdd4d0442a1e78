#include "cambium/plugin.h"

namespace {

using namespace cambium;

/// Every layer taken over and frozen, in eval mode; a new head learns.
class FeatureExtraction : public Strategy {
 public:
  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Source, {.trainable = Trainable::None, .frozen_mode = FrozenMode::Eval});
  }
};

}  // namespace

CAMBIUM_PLUGIN("feature_extraction", "1", registry) {
  registry.add_strategy("feature_extraction", "all layers from the source, frozen; only a new head learns", Schema(),
                        [](const Params&) { return std::make_unique<FeatureExtraction>(); });
}
