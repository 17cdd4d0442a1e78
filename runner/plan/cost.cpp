#include "plan/cost.h"

#include <algorithm>
#include <numeric>

#include "protocol/frozen_prefix.h"

namespace cambium {
namespace {

/// Of a backbone that has not been run yet: a core with vector instructions of 256 bits, at convolutions.
constexpr double kRate = 2e10;
/// A backward pass is worth two forward ones.
constexpr double kBackward = 2;

double head_operations(const Cell& cell) {
  return double(cell.network->feature_width) * double(cell.dataset->classes.size());
}

std::size_t first_to_learn(const Phase& phase) {
  const auto learns = [](const LayerPlan& layer) { return !layer.frozen(); };
  return std::size_t(std::find_if(phase.layers.begin(), phase.layers.end(), learns) - phase.layers.begin());
}

}  // namespace

std::size_t frozen_prefix(const Cell& cell) { return frozen_prefix(cell.network->plan); }

bool augments(const Cell& cell) {
  const Params& data = cell.data->settings;
  const auto& colours = data.table("color_jitter");
  return data.integer("crop") > 0 || data.boolean("flip") || data.integer("random_resized_crop") > 0 ||
         data.number("rotation") > 0 || data.number("random_erasing") > 0 || data.number("mixup") > 0 ||
         data.number("cutmix") > 0 ||
         std::any_of(colours.begin(), colours.end(), [](const auto& colour) { return colour.second > 0; });
}

double images(const Cell& cell, const char* split) {
  const auto found = cell.dataset->per_class.find(split);
  if (found == cell.dataset->per_class.end()) return 0;
  return double(std::accumulate(found->second.begin(), found->second.end(), std::int64_t{0}));
}

double operations(const NetworkInfo& network, std::size_t first, std::size_t last) {
  double sum = 0;
  for (std::size_t i = first; i < std::min(last, network.layers.size()); ++i)
    sum += double(network.layers[i].operations);
  return sum;
}

double tapped_images(const Cell& cell) {
  const bool once = !augments(cell) && cell.network->plan.source_share == 0;
  return (once ? images(cell, "train") : 0) + images(cell, "validation") + images(cell, "test");
}

Cost cost_of(const Cell& cell) {
  const NetworkInfo& network = *cell.network;
  const std::size_t layers = network.layers.size();
  const double head = head_operations(cell), train = images(cell, "train"), test = images(cell, "test");
  const std::int64_t epochs = cell.train->settings.integer("epochs");
  if (epochs == 0) return {0, test * (operations(network, 0, layers) + head)};
  const std::size_t prefix = frozen_prefix(cell);
  const double below = operations(network, 0, prefix), above = operations(network, prefix, layers) + head;
  const double validation = images(cell, "validation");
  Cost cost;
  cost.prefix = below * tapped_images(cell);
  const auto& phases = network.plan.phases;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const std::int64_t end = i + 1 < phases.size() ? std::min(epochs, phases[i + 1].epoch) : epochs;
    const double learning = operations(network, first_to_learn(phases[i]), layers) + head;
    cost.rest += double(std::max<std::int64_t>(0, end - phases[i].epoch)) * train * (above + kBackward * learning);
  }
  const bool once = tapped_images(cell) > validation + test;
  if (!once) cost.rest += double(epochs) * train * below;
  cost.rest += above * (double(epochs) * validation + (validation > 0 ? 2 : 1) * test);
  return cost;
}

double Rates::of(const Cell& cell) const {
  const auto found = known.find(cell.backbone->component.plugin);
  return found == known.end() ? kRate : found->second;
}

}  // namespace cambium
