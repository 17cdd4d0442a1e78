#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Fine-tuning that goes on seeing source images, under the source's own head, so that the source is not forgotten.
class SourceMixing : public Strategy {
 public:
  SourceMixing(double share, double backbone_rate) : share_(share), backbone_rate_(backbone_rate) {}

  TransferPlan plan(const NetworkFacts& network) const override {
    TransferPlan plan = uniform_plan(network, Weights::Source, {.rate = backbone_rate_});
    plan.source_share = share_;
    return plan;
  }

 private:
  double share_, backbone_rate_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("source_mixing", "2", registry) {
  using namespace cambium;
  registry.add_strategy(
      "source_mixing", "fine-tuning with a share of source images in each batch, under the source's head",
      Schema()
          .number("share", 0.25, {0.001, 0.99}, "part of each batch that is source images, beside the target's")
          .number("backbone_rate", 1.0, {1e-6, 1e3}, "learning rate of the transferred layers, times train.lr"),
      [](const Params& params) {
        return std::make_unique<SourceMixing>(params.number("share"), params.number("backbone_rate"));
      });
}
