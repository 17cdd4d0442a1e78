#pragma once

#include <ATen/core/Tensor.h>

namespace cambium::measures {

/// Multinomial logistic regression on standardised features: the minimum of the mean cross-entropy plus 5e-4 times the
/// weights' squared length, which is unique; found by Nesterov's method without any randomness.
class LinearClassifier {
 public:
  /// `features` [N, D], `labels` int64 [N] from 0 to classes - 1. Standardised by their own mean and deviation.
  LinearClassifier(const at::Tensor& features, const at::Tensor& labels, std::int64_t classes);

  /// [M, D] to logits [M, classes].
  at::Tensor logits(const at::Tensor& features) const;

  /// The length of the objective's gradient where training ended.
  double gradient() const { return gradient_; }

 private:
  at::Tensor standardised(const at::Tensor& features) const;

  at::Tensor mean_, scale_;
  at::Tensor weights_;  ///< [D + 1, classes]; the last row is the bias
  double gradient_ = 0;
};

}  // namespace cambium::measures
