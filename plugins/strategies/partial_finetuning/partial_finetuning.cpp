#include <memory>
#include <string>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// The network cut in two. With `above` = "fresh": Yosinski et al. 2014 (arXiv 1411.1792), whose arms BnB and AnB are
/// frozen, BnB+ and AnB+ are not, and whose control has `weights` = "random". With `above` = "source": fine-tuning of
/// the upper layers alone.
class PartialFinetuning : public Strategy {
 public:
  explicit PartialFinetuning(const Params& params)
      : cut_(params.integer("cut")),
        below_(params.string("weights") == "source" ? Weights::Source : Weights::Fresh),
        above_(params.string("above") == "source" ? Weights::Source : Weights::Fresh) {
    if (params.boolean("frozen"))
      layer_ = {.trainable = Trainable::None,
                .frozen_mode = params.string("frozen_mode") == "train" ? FrozenMode::Train : FrozenMode::Eval};
    else
      layer_ = {.trainable = Trainable::All, .rate = params.number("rate")};
  }

  TransferPlan plan(const NetworkFacts& network) const override {
    const auto count = std::int64_t(network.layers.size());
    if (cut_ > count) {
      std::string names;
      for (const auto& layer : network.layers) names += (names.empty() ? "" : ", ") + layer.name;
      throw Error(
          ErrorKind::Plugin,
          "cut " + std::to_string(cut_) + " is past the last of the backbone's " + std::to_string(count) + " layers",
          "the layers are " + names + ": a cut lies between 1 and " + std::to_string(count));
    }
    TransferPlan plan = uniform_plan(network, above_, {.trainable = Trainable::All});
    for (std::size_t l = 0; l < std::size_t(cut_); ++l) {
      plan.weights[l] = below_;
      plan.phases.front().layers[l] = layer_;
    }
    return plan;
  }

 private:
  std::int64_t cut_;
  Weights below_, above_;
  LayerPlan layer_;  ///< of the layers below the cut
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("partial_finetuning", "1", registry) {
  using namespace cambium;
  registry.add_strategy(
      "partial_finetuning", "the first layers from the source, frozen or learning; those above the cut start anew",
      Schema()
          .integer("cut", std::nullopt, {1, 1e6}, "number of leading layers below the cut")
          .boolean("frozen", true, "whether the layers below the cut stay as they start")
          .choice("weights", "source", {"source", "random"}, "what the layers below the cut start from")
          .choice("above", "fresh", {"fresh", "source"}, "what the layers above the cut start from; they always learn")
          .choice("frozen_mode", "eval", {"eval", "train"},
                  "train: the dropout of frozen layers drops, as in 2014; their norms go by their running statistics")
          .when("frozen", {"true"})
          .number("rate", 1.0, {1e-6, 1e3}, "learning rate of the layers below the cut, times the study's")
          .when("frozen", {"false"}),
      [](const Params& params) { return std::make_unique<PartialFinetuning>(params); });
}
