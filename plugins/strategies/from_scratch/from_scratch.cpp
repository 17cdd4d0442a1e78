#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Nothing is transferred: what every other strategy is held against, and how base networks are trained.
class FromScratch : public Strategy {
 public:
  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Fresh, {.trainable = Trainable::All});
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("from_scratch", "1", registry) {
  using namespace cambium;
  registry.add_strategy("from_scratch", "all layers start anew and learn; nothing is taken from a source", Schema(),
                        [](const Params&) { return std::make_unique<FromScratch>(); });
}
