#include "engine/model/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cambium/error.h"

namespace cambium {

NetworkFacts network_facts(const Backbone& backbone, std::int64_t epochs) {
  NetworkFacts facts;
  facts.epochs = epochs;
  for (const Layer& layer : backbone.layers()) {
    std::int64_t count = 0;
    for (const NamedParameter& parameter : layer.module->parameters()) count += parameter.value.numel();
    facts.layers.push_back({layer.name, count});
  }
  return facts;
}

TransferPlan checked_plan(const Strategy& strategy, const NetworkFacts& facts) {
  TransferPlan plan = strategy.plan(facts);
  const std::size_t layers = facts.layers.size();
  bool fits_network = plan.weights.size() == layers && !plan.phases.empty() && plan.phases.front().epoch == 0;
  for (std::size_t i = 0; i < plan.phases.size(); ++i) {
    fits_network = fits_network && plan.phases[i].layers.size() == layers;
    fits_network = fits_network && (i == 0 || plan.phases[i].epoch > plan.phases[i - 1].epoch);
  }
  const auto allowed = [](const LayerPlan& layer) {
    const auto fine = [](double value) { return std::isfinite(value) && value >= 0; };
    return fine(layer.rate) && fine(layer.learning_rate.value_or(0)) && fine(layer.weight_decay.value_or(0));
  };
  for (const Phase& phase : plan.phases)
    if (!std::all_of(phase.layers.begin(), phase.layers.end(), allowed) || !allowed(phase.head))
      throw Error(ErrorKind::Plugin,
                  fmt::format("the strategy's plan has a negative rate or weight decay in the phase from epoch {} on",
                              phase.epoch),
                  "rates and decays are finite and not below 0");
  if (!(plan.source_share >= 0 && plan.source_share < 1))
    throw Error(ErrorKind::Plugin, fmt::format("the strategy's plan has a source share of {}", plan.source_share),
                "it is the part of each batch that is source data, from 0 to below 1");
  if (!fits_network)
    throw Error(ErrorKind::Plugin, fmt::format("the strategy's plan does not fit a backbone of {} layers", layers),
                "a plan has weights and, in each phase, one LayerPlan for every layer, and its phases start at epoch 0 "
                "and ascend: a fault of the plugin");
  return plan;
}

}  // namespace cambium
