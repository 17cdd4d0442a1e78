#include <ATen/core/Tensor.h>

#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Li, Grandvalet and Davoine 2018 (arXiv 1802.01483), eq. 3: alpha/2 ||w - w0||^2 over the transferred layers takes
/// the place of their weight decay, and beta/2 ||w||^2 over the head is its weight decay.
class L2Sp : public Strategy {
 public:
  L2Sp(double alpha, double beta, double backbone_rate) : alpha_(alpha), beta_(beta), backbone_rate_(backbone_rate) {}

  TransferPlan plan(const NetworkFacts& network) const override {
    TransferPlan plan = uniform_plan(network, Weights::Source, {.rate = backbone_rate_, .weight_decay = 0.0});
    plan.phases.front().head.weight_decay = beta_;
    return plan;
  }

  at::Tensor penalty(const TrainingStep& step) const override {
    at::Tensor sum;
    for (const auto& [name, weight] : step.weights) {
      const at::Tensor distance = weight.sub(step.start.at(name)).square().sum();
      sum = sum.defined() ? sum.add(distance) : distance;
    }
    return sum.defined() ? sum.mul(alpha_ / 2) : sum;
  }

 private:
  double alpha_, beta_, backbone_rate_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("l2_sp", "1", registry) {
  using namespace cambium;
  registry.add_strategy(
      "l2_sp", "fine-tuning that is pulled towards where it started, the source's weights",
      Schema()
          .number("alpha", 0.1, {0, 1e6}, "pull of the transferred layers towards the source, in place of weight decay")
          .number("beta", 0.01, {0, 10}, "weight decay of the head, which starts anew")
          .number("backbone_rate", 1.0, {1e-6, 1e3}, "learning rate of the transferred layers, times train.lr"),
      [](const Params& params) {
        return std::make_unique<L2Sp>(params.number("alpha"), params.number("beta"), params.number("backbone_rate"));
      });
}
