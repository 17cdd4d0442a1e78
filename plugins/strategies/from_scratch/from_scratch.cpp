#include "cambium/plugin.h"

namespace {

using namespace cambium;

/// Nothing taken over: what every transferred arm has to beat.
class FromScratch : public Strategy {
 public:
  TransferPlan plan(const NetworkFacts& network) const override { return uniform_plan(network, Weights::Fresh, {}); }
};

}  // namespace

CAMBIUM_PLUGIN("from_scratch", "1", registry) {
  registry.add_strategy("from_scratch", "all layers start anew and learn; reads no source", Schema(),
                        [](const Params&) { return std::make_unique<FromScratch>(); });
}
