#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// The source's network, of which only the biases learn, and a new head (Ben Zaken et al. 2022, arXiv 2106.10199).
class BiasOnly : public Strategy {
 public:
  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Source, {.trainable = Trainable::Bias});
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("bias_only", "1", registry) {
  using namespace cambium;
  registry.add_strategy("bias_only",
                        "of the source's layers only the biases learn, the normalisations' shifts included", Schema(),
                        [](const Params&) { return std::make_unique<BiasOnly>(); });
}
