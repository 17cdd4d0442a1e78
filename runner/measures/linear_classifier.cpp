#include "measures/linear_classifier.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>

namespace cambium::measures {
namespace {

constexpr double kDecay = 1e-3;
constexpr int kMostSteps = 1000;
constexpr double kSmallGradient = 1e-5;

}  // namespace

at::Tensor LinearClassifier::standardised(const at::Tensor& features) const {
  const at::Tensor x = (features.to(at::kDouble) - mean_) / scale_;
  return at::cat({x, at::ones({x.size(0), 1}, at::kDouble)}, 1);
}

LinearClassifier::LinearClassifier(const at::Tensor& features, const at::Tensor& labels, std::int64_t classes) {
  const at::Tensor wide = features.to(at::kDouble);
  mean_ = wide.mean(0, true);
  const at::Tensor deviation = wide.std(0, false, true);
  scale_ = at::where(deviation > 0, deviation, at::ones_like(deviation));
  const at::Tensor x = standardised(features);
  const auto n = double(x.size(0));
  at::Tensor wanted = at::zeros({x.size(0), classes}, at::kDouble);
  wanted.scatter_(1, labels.unsqueeze(1), 1.0);
  at::Tensor decay = at::full({x.size(1), 1}, kDecay, at::kDouble);
  decay[x.size(1) - 1] = 0;

  // The Hessian of softmax cross-entropy is at most X'X / 2n, and X'X's largest eigenvalue at most its trace; the
  // power method finds it closer, and a tenth more makes up for what it lacks.
  at::Tensor v = at::ones({x.size(1), 1}, at::kDouble);
  double largest = 1;
  for (int i = 0; i < 30; ++i) {
    v = x.t().matmul(x.matmul(v)) / n;
    largest = v.norm().item<double>();
    v = v / largest;
  }
  const double step = 1 / (1.1 * largest / 2 + kDecay);

  weights_ = at::zeros({x.size(1), classes}, at::kDouble);
  at::Tensor ahead = weights_, before = weights_;
  double t = 1;
  for (int i = 0; i < kMostSteps; ++i) {
    const at::Tensor gradient = x.t().matmul(at::softmax(x.matmul(ahead), 1) - wanted) / n + decay * ahead;
    gradient_ = gradient.norm().item<double>();
    before = weights_;
    weights_ = ahead - gradient * step;
    if (gradient_ < kSmallGradient) break;
    // Begun anew where the momentum goes uphill (O'Donoghue and Candes 2015).
    if ((gradient * (weights_ - before)).sum().item<double>() > 0) t = 1;
    const double next = (1 + std::sqrt(1 + 4 * t * t)) / 2;
    ahead = weights_ + (weights_ - before) * ((t - 1) / next);
    t = next;
  }
}

at::Tensor LinearClassifier::logits(const at::Tensor& features) const {
  return standardised(features).matmul(weights_);
}

}  // namespace cambium::measures
