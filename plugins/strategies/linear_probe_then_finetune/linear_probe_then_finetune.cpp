#include <memory>
#include <string>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Kumar et al. 2022 (arXiv 2202.10054), LP-FT: a head is fitted to the source's features first, so that fine-tuning
/// does not begin by distorting them.
class LinearProbeThenFinetune : public Strategy {
 public:
  LinearProbeThenFinetune(std::int64_t probe_epochs, double finetune_rate)
      : probe_epochs_(probe_epochs), finetune_rate_(finetune_rate) {}

  TransferPlan plan(const NetworkFacts& network) const override {
    if (probe_epochs_ >= network.epochs)
      throw Error(ErrorKind::Plugin,
                  "probe_epochs is " + std::to_string(probe_epochs_) + " and leaves none of the " +
                      std::to_string(network.epochs) + " epochs to fine-tune in",
                  "make it smaller, or train.epochs larger; probing alone is feature_extraction");
    TransferPlan plan = uniform_plan(network, Weights::Source, {.trainable = Trainable::None});
    const LayerPlan all = {.trainable = Trainable::All, .rate = finetune_rate_};
    plan.phases.push_back({probe_epochs_, std::vector<LayerPlan>(network.layers.size(), all), all});
    return plan;
  }

 private:
  std::int64_t probe_epochs_;
  double finetune_rate_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("linear_probe_then_finetune", "1", registry) {
  using namespace cambium;
  registry.add_strategy(
      "linear_probe_then_finetune", "the head learns on frozen features first, then everything does",
      Schema()
          .integer("probe_epochs", std::nullopt, {1, 1e6}, "epochs in which only the head learns, at train.lr")
          .number("finetune_rate", 0.1, {1e-6, 1e3}, "learning rate of everything after that, times train.lr"),
      [](const Params& params) {
        return std::make_unique<LinearProbeThenFinetune>(params.integer("probe_epochs"),
                                                         params.number("finetune_rate"));
      });
}
