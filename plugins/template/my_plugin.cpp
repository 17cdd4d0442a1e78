#include "cambium/plugin.h"

namespace {

using namespace cambium;

/// The first layers from the source and frozen, the rest anew.
class FrozenBottom : public Strategy {
 public:
  explicit FrozenBottom(std::int64_t layers) : layers_(layers) {}

  TransferPlan plan(const NetworkFacts& network) const override {
    const auto count = std::int64_t(network.layers.size());
    if (layers_ > count)
      throw Error(ErrorKind::Plugin,
                  "layers is " + std::to_string(layers_) + ", and the backbone has " + std::to_string(count),
                  "take as many at most");
    TransferPlan plan = uniform_plan(network, Weights::Fresh, {});
    for (std::int64_t l = 0; l < layers_; ++l) {
      plan.weights[std::size_t(l)] = Weights::Source;
      plan.phases.front().layers[std::size_t(l)].trainable = Trainable::None;
    }
    return plan;
  }

 private:
  std::int64_t layers_;
};

}  // namespace

CAMBIUM_PLUGIN("my_plugin", "1", registry) {
  registry.add_strategy("frozen_bottom", "the first layers from the source, frozen; the rest starts anew",
                        Schema().integer("layers", 1, {0, 1000}, "how many layers are taken over"),
                        [](const Params& params) { return std::make_unique<FrozenBottom>(params.integer("layers")); });
}
