#pragma once

#include <ATen/core/Tensor.h>

/// How far two domains are apart, and what a bound on the error makes of it. Rows at even places are learned from,
/// those at odd places held out, so the caller hands rows in random order.
namespace cambium::measures {

struct Divergence {
  double error = 0;     ///< held out, of a linear classifier that tells source from target; 1/2: it cannot
  double distance = 0;  ///< proxy A-distance, 2 (1 - 2 error), held to [0, 2]
};

/// The proxy A-distance (Ben-David et al. 2006, 2010) of source [N, D] and target [M, D] features. As many rows of
/// each: the first min(N, M).
Divergence proxy_a_distance(const at::Tensor& source, const at::Tensor& target);

struct JointError {
  double source = 0, target = 0;  ///< held-out errors of one linear head for both tasks
  double lambda() const { return source + target; }
};

/// The error of one linear head on both tasks: an estimate of the ideal joint hypothesis (lambda). Labels number the
/// classes of both tasks together, 0 to classes - 1; an image's prediction is among its own task's classes only, given
/// as masks bool [classes].
JointError joint_error(const at::Tensor& source, const at::Tensor& source_labels, const at::Tensor& source_classes,
                       const at::Tensor& target, const at::Tensor& target_labels, const at::Tensor& target_classes);

}  // namespace cambium::measures
