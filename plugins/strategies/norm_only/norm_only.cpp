#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// The source's network, of which only scales and shifts of the normalisations learn, and a new head (Frankle et al.
/// 2021, arXiv 2003.00152, who left the rest random).
class NormOnly : public Strategy {
 public:
  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Source, {.trainable = Trainable::Norm});
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("norm_only", "1", registry) {
  using namespace cambium;
  registry.add_strategy("norm_only", "of the source's layers only the normalisations' scales and shifts learn",
                        Schema(), [](const Params&) { return std::make_unique<NormOnly>(); });
}
