#include <memory>
#include <string>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// The source as it is, its head too; nothing learns.
class Evaluation : public Strategy {
 public:
  TransferPlan plan(const NetworkFacts& network) const override {
    if (network.epochs > 0)
      throw Error(ErrorKind::Plugin, "evaluation trains nothing, and train.epochs is " + std::to_string(network.epochs),
                  "set train.epochs = 0, or take a strategy that learns");
    const LayerPlan still{.trainable = Trainable::None, .frozen_mode = FrozenMode::Eval};
    TransferPlan plan = uniform_plan(network, Weights::Source, still);
    plan.head = Weights::Source;
    plan.phases.front().head = still;
    return plan;
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("evaluation", "1", registry) {
  using namespace cambium;
  registry.add_strategy("evaluation", "the source as it is, its head too; nothing learns: goes with train.epochs = 0",
                        Schema(), [](const Params&) { return std::make_unique<Evaluation>(); });
}
