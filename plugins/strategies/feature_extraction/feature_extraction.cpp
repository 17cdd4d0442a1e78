#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// The source's layers as they are, in eval mode; only the head learns.
class FeatureExtraction : public Strategy {
 public:
  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Source, {.trainable = Trainable::None, .frozen_mode = FrozenMode::Eval});
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("feature_extraction", "1", registry) {
  using namespace cambium;
  registry.add_strategy("feature_extraction", "the source's layers stay as they are, a new head learns", Schema(),
                        [](const Params&) { return std::make_unique<FeatureExtraction>(); });
}
