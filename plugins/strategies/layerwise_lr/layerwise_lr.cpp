#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cambium/plugin.h"

namespace cambium {
namespace {

constexpr const char* kHead = "head";
constexpr const char* kDefault = "default";

/// Everything from the source and learning, each layer at a rate of its own: rates by name, or falling from the head
/// down by one factor (Howard and Ruder 2018, ULMFiT, section 3.2, there 2.6).
class LayerwiseRates : public Strategy {
 public:
  explicit LayerwiseRates(const Params& params) {
    if (params.string("by") == "table")
      rates_ = params.table("rates");
    else
      decay_ = params.number("decay");
  }

  TransferPlan plan(const NetworkFacts& network) const override {
    TransferPlan plan = uniform_plan(network, Weights::Source, {});
    std::vector<LayerPlan>& layers = plan.phases.front().layers;
    if (decay_) {
      for (std::size_t l = 0; l < layers.size(); ++l) layers[l].rate = std::pow(*decay_, -double(layers.size() - l));
      return plan;
    }
    std::set<std::string> used = {kDefault};
    std::string without;
    for (std::size_t l = 0; l <= layers.size(); ++l) {
      const std::string name = l < layers.size() ? network.layers[l].name : kHead;
      const auto found = rate_of(name);
      if (found == rates_.end()) {
        without += (without.empty() ? "" : ", ") + name;
        continue;
      }
      used.insert(found->first);
      (l < layers.size() ? layers[l] : plan.phases.front().head).learning_rate = found->second;
    }
    for (const auto& [name, rate] : rates_)
      if (!used.count(name)) refuse(name, network);
    if (!without.empty())
      throw Error(ErrorKind::Plugin, "rates leaves out " + without,
                  "give them a rate, or all of them a default = 1e-4");
    return plan;
  }

 private:
  /// The entry of a layer: its own, else that of the longest name that it begins with ("layer1" for "layer1.0"), else
  /// the default.
  std::map<std::string, double>::const_iterator rate_of(const std::string& layer) const {
    for (std::string name = layer; !name.empty();) {
      if (const auto found = rates_.find(name); found != rates_.end()) return found;
      const auto dot = name.rfind('.');
      name = dot == std::string::npos ? "" : name.substr(0, dot);
    }
    return rates_.find(kDefault);
  }

  [[noreturn]] static void refuse(const std::string& name, const NetworkFacts& network) {
    std::vector<std::string> names;
    std::string list;
    for (const auto& layer : network.layers) {
      names.push_back(layer.name);
      list += layer.name + ", ";
    }
    names.insert(names.end(), {kHead, kDefault});
    const auto near = suggestion(name, names);
    throw Error(ErrorKind::Plugin, "rates has " + name + ", and the backbone has no such layer",
                near ? "did you mean " + *near + "?" : "there are " + list + "head, and default for what is left over");
  }

  std::map<std::string, double> rates_;
  std::optional<double> decay_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("layerwise_lr", "1", registry) {
  using namespace cambium;
  registry.add_strategy(
      "layerwise_lr", "all layers start from the source's and learn, each at a learning rate of its own",
      Schema()
          .choice("by", "table", {"table", "decay"}, "rates by name, or falling from the head down")
          .table("rates", std::nullopt, {1e-12, 1e3},
                 "learning rates by layer, head, and default for what is left over, in place of train.lr")
          .when("by", {"table"})
          .number("decay", 2.6, {1, 1e3},
                  "each layer's rate is the one above it divided by this; the head's is train.lr")
          .when("by", {"decay"}),
      [](const Params& params) { return std::make_unique<LayerwiseRates>(params); });
}
