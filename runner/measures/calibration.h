#pragma once

#include <ATen/core/Tensor.h>

namespace cambium::measures {

struct Calibration {
  double error = 0;  ///< expected calibration error, in [0, 1]
  double worst = 0;  ///< maximum calibration error, of the bin that is furthest off
  double confidence = 0, accuracy = 0;
};

/// Expected calibration error (Guo et al. 2017, arXiv 1706.04599, eq. 3): the mean over images of how far confidence
/// and accuracy of their bin are apart. `probabilities` [N, K]; `bins` of equal width, each with its upper bound.
Calibration calibration(const at::Tensor& probabilities, const at::Tensor& labels, std::int64_t bins = 15);

/// Counts int64 [classes, classes]: row the true class, column the predicted one.
at::Tensor confusion_matrix(const at::Tensor& predicted, const at::Tensor& labels, std::int64_t classes);

/// The part of each class's images that are told right, double [classes]; NaN for a class without images.
at::Tensor class_accuracy(const at::Tensor& confusion);

}  // namespace cambium::measures
