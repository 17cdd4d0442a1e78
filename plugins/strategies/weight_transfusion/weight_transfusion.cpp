#include <memory>
#include <string>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Raghu et al. 2019 (arXiv 1902.07208), section 5: the first layers start from the source, the rest anew, and
/// everything learns.
class WeightTransfusion : public Strategy {
 public:
  explicit WeightTransfusion(std::int64_t layers) : layers_(layers) {}

  TransferPlan plan(const NetworkFacts& network) const override {
    const auto count = std::int64_t(network.layers.size());
    if (layers_ > count)
      throw Error(ErrorKind::Plugin,
                  "layers is " + std::to_string(layers_) + ", and the last of the backbone's is " +
                      network.layers.back().name + ", number " + std::to_string(count),
                  "take over " + std::to_string(count) + " at most");
    TransferPlan plan = uniform_plan(network, Weights::Fresh, {});
    for (std::size_t l = 0; l < std::size_t(layers_); ++l) plan.weights[l] = Weights::Source;
    return plan;
  }

 private:
  std::int64_t layers_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("weight_transfusion", "1", registry) {
  using namespace cambium;
  registry.add_strategy(
      "weight_transfusion", "the first layers start from the source's, the rest anew, and everything learns",
      Schema().integer("layers", std::nullopt, {1, 1e6}, "number of leading layers that start from the source's"),
      [](const Params& params) { return std::make_unique<WeightTransfusion>(params.integer("layers")); });
}
