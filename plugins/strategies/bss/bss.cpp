#include <ATen/core/Tensor.h>
#include <ATen/ops/linalg_eigvalsh.h>

#include <algorithm>
#include <memory>

#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Batch spectral shrinkage, Chen et al. 2019 (NeurIPS, "Catastrophic forgetting meets negative transfer"), eq. 5:
/// fine- tuning with eta times the sum of the squares of the k smallest singular values of the batch's features.
class BatchSpectralShrinkage : public Strategy {
 public:
  BatchSpectralShrinkage(double eta, std::int64_t k, double backbone_rate)
      : eta_(eta), k_(k), backbone_rate_(backbone_rate) {}

  TransferPlan plan(const NetworkFacts& network) const override {
    return uniform_plan(network, Weights::Source, {.rate = backbone_rate_});
  }

  /// Squared singular values are the eigenvalues of the smaller Gram matrix, whose gradient, unlike the SVD's, stays
  /// finite where two of them are equal.
  at::Tensor penalty(const TrainingStep& step) const override {
    at::Tensor f = step.features.to(at::kDouble);
    if (f.dim() > 2) f = f.flatten(2).mean(2);
    const at::Tensor gram = f.size(0) < f.size(1) ? f.matmul(f.t()) : f.t().matmul(f);
    const at::Tensor ascending = at::linalg_eigvalsh(gram);
    return ascending.narrow(0, 0, std::min(k_, ascending.size(0))).sum().mul(eta_).to(step.features.scalar_type());
  }

 private:
  double eta_;
  std::int64_t k_;
  double backbone_rate_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("bss", "1", registry) {
  using namespace cambium;
  registry.add_strategy(
      "bss",
      "fine-tuning that shrinks the smallest singular values of each batch's features, against negative transfer",
      Schema()
          .number("eta", 1e-3, {0, 1e6}, "weight of the penalty")
          .integer("k", 1, {1, 1e6}, "how many of the smallest singular values")
          .number("backbone_rate", 1.0, {1e-6, 1e3}, "learning rate of the transferred layers, times train.lr"),
      [](const Params& params) {
        return std::make_unique<BatchSpectralShrinkage>(params.number("eta"), params.integer("k"),
                                                        params.number("backbone_rate"));
      });
}
