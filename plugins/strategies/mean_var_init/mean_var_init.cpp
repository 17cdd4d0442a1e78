#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Raghu et al. 2019 (arXiv 1902.07208), section 5, "Mean Var Init": weights are drawn anew from normal distributions
/// with the source's mean and variance, tensor by tensor: its scale without its features.
class MeanVarInit : public Strategy {
 public:
  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Statistics, {});
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("mean_var_init", "1", registry) {
  using namespace cambium;
  registry.add_strategy("mean_var_init", "all layers are drawn anew with the source's mean and variance, and learn",
                        Schema(), [](const Params&) { return std::make_unique<MeanVarInit>(); });
}
