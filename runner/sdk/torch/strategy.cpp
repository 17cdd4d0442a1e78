#include "cambium/strategy.h"

#include "cambium/error.h"
#include "cambium/schema.h"

namespace cambium {

std::size_t NetworkFacts::index_of(const std::string& name) const {
  std::vector<std::string> names;
  std::string list;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].name == name) return i;
    names.push_back(layers[i].name);
    list += (i ? ", " : "") + layers[i].name;
  }
  const auto near = suggestion(name, names);
  throw Error(ErrorKind::Plugin, "the backbone has no layer " + name,
              near ? "did you mean " + *near + "?" : "its layers are " + list);
}

at::Tensor Strategy::penalty(const TrainingStep&) const { return {}; }

void Strategy::epoch_end(std::int64_t, const std::map<std::string, double>&) {}

TransferPlan uniform_plan(const NetworkFacts& network, Weights weights, LayerPlan layer) {
  TransferPlan plan;
  plan.weights.assign(network.layers.size(), weights);
  plan.phases.push_back({0, std::vector<LayerPlan>(network.layers.size(), layer), LayerPlan{}});
  return plan;
}

}  // namespace cambium
