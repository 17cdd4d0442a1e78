#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Everything starts from the source and learns, the transferred layers at a rate of their own.
class FullFinetuning : public Strategy {
 public:
  explicit FullFinetuning(double backbone_rate) : backbone_rate_(backbone_rate) {}

  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Source, {.trainable = Trainable::All, .rate = backbone_rate_});
  }

 private:
  double backbone_rate_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("full_finetuning", "1", registry) {
  using namespace cambium;
  registry.add_strategy(
      "full_finetuning", "all layers start from the source's and learn, a new head with them",
      Schema().number("backbone_rate", 1.0, {1e-6, 1e3},
                      "learning rate of the transferred layers, times the study's; the head learns at the study's"),
      [](const Params& params) { return std::make_unique<FullFinetuning>(params.number("backbone_rate")); });
}
