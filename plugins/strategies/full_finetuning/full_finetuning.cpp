#include "cambium/plugin.h"

namespace {

using namespace cambium;

/// Every layer taken over, every layer learning; the backbone at its own share of the study's rate.
class FullFinetuning : public Strategy {
 public:
  explicit FullFinetuning(double backbone_rate) : backbone_rate_(backbone_rate) {}

  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Source, {.rate = backbone_rate_});
  }

 private:
  double backbone_rate_;
};

}  // namespace

CAMBIUM_PLUGIN("full_finetuning", "1", registry) {
  registry.add_strategy(
      "full_finetuning", "all layers from the source, all learning, with a new head",
      Schema().number("backbone_rate", 1.0, {0, 1e3}, "the backbone's learning rate as a part of train.lr; the head learns at train.lr"),
      [](const Params& params) { return std::make_unique<FullFinetuning>(params.number("backbone_rate")); });
}
