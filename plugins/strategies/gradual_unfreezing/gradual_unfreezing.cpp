#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// First the head alone, then, from the top down, more and more layers of the source (Howard and Ruder 2018, ULMFiT,
/// section 3.3). What has not begun to learn is frozen in eval mode.
class GradualUnfreezing : public Strategy {
 public:
  explicit GradualUnfreezing(const Params& params)
      : at_a_time_(std::size_t(params.integer("layers"))), decay_(params.number("decay")) {
    if (params.string("by") == "every")
      every_ = params.integer("every");
    else
      epochs_ = params.integers("epochs");
  }

  TransferPlan plan(const NetworkFacts& network) const override {
    const std::size_t layers = network.layers.size();
    TransferPlan plan = uniform_plan(network, Weights::Source, {.trainable = Trainable::None});
    const auto begin = beginnings(network);
    for (std::size_t i = 0; i < begin.size(); ++i) {
      Phase phase = plan.phases.back();
      phase.epoch = begin[i];
      const std::size_t above = layers - i * at_a_time_;
      for (std::size_t l = above - std::min(above, at_a_time_); l < above; ++l)
        phase.layers[l] = {.trainable = Trainable::All, .rate = std::pow(decay_, -double(layers - l))};
      plan.phases.push_back(std::move(phase));
    }
    return plan;
  }

 private:
  /// The epochs, within the run, at which more begins to learn.
  std::vector<std::int64_t> beginnings(const NetworkFacts& network) const {
    const std::size_t most = (network.layers.size() + at_a_time_ - 1) / at_a_time_;
    std::vector<std::int64_t> result;
    if (every_ > 0) {
      for (std::int64_t epoch = every_; epoch < network.epochs && result.size() < most; epoch += every_)
        result.push_back(epoch);
      return result;
    }
    if (epochs_.size() > most)
      throw Error(
          ErrorKind::Plugin,
          "epochs are " + std::to_string(epochs_.size()) + ", and all layers learn after " + std::to_string(most),
          "leave out the later ones, or let fewer layers begin at a time");
    for (const std::int64_t epoch : epochs_) {
      if (!result.empty() && epoch <= result.back())
        throw Error(ErrorKind::Plugin, "epochs do not ascend", "write them as in [2, 5, 8]");
      if (epoch >= network.epochs)
        throw Error(
            ErrorKind::Plugin,
            "epochs has " + std::to_string(epoch) + ", and the training ends after " + std::to_string(network.epochs),
            "let every layer begin while the run lasts");
      result.push_back(epoch);
    }
    return result;
  }

  std::size_t at_a_time_;
  double decay_;
  std::int64_t every_ = 0;
  std::vector<std::int64_t> epochs_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("gradual_unfreezing", "1", registry) {
  using namespace cambium;
  registry.add_strategy(
      "gradual_unfreezing", "the head learns first, then the source's layers join in, from the top down",
      Schema()
          .choice("by", "every", {"every", "epochs"}, "when layers begin to learn: at equal distances, or as listed")
          .integer("every", 1, {1, 1e6}, "epochs from one beginning to the next")
          .when("by", {"every"})
          .integers("epochs", std::nullopt, {1, 1e6},
                    "how many epochs are over when the top layers begin, the ones below, ...; what is not listed stays")
          .when("by", {"epochs"})
          .integer("layers", 1, {1, 1e6}, "layers that begin at a time")
          .number("decay", 1.0, {1, 1e3}, "each layer's rate is the one above it divided by this; ULMFiT has 2.6"),
      [](const Params& params) { return std::make_unique<GradualUnfreezing>(params); });
}
