#include "measures/calibration.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

namespace cambium::measures {

Calibration calibration(const at::Tensor& probabilities, const at::Tensor& labels, std::int64_t bins) {
  const auto [confidence, predicted] = probabilities.to(at::kDouble).max(1);
  const at::Tensor right = predicted.eq(labels).to(at::kDouble);
  const auto n = double(labels.size(0));
  const at::Tensor bin = ((confidence * double(bins)).ceil() - 1).clamp(0, double(bins - 1)).to(at::kLong);
  const at::Tensor zero = at::zeros({bins}, at::kDouble);
  const at::Tensor sizes = zero.index_add(0, bin, at::ones_like(confidence));
  const at::Tensor gap = (zero.index_add(0, bin, right) - zero.index_add(0, bin, confidence)).abs();
  Calibration result;
  result.error = gap.sum().item<double>() / n;
  result.worst = (gap / sizes.clamp_min(1)).max().item<double>();
  result.confidence = confidence.mean().item<double>();
  result.accuracy = right.mean().item<double>();
  return result;
}

at::Tensor confusion_matrix(const at::Tensor& predicted, const at::Tensor& labels, std::int64_t classes) {
  return at::bincount(labels * classes + predicted, {}, classes * classes).view({classes, classes});
}

at::Tensor class_accuracy(const at::Tensor& confusion) {
  return confusion.diagonal().to(at::kDouble) / confusion.sum(1).to(at::kDouble);
}

}  // namespace cambium::measures
