#pragma once

#include <ATen/core/Tensor.h>

namespace cambium::measures {

/// Linear centred kernel alignment of two representations [N, D] and [N, E] of the same N images (Kornblith et al.
/// 2019, arXiv 1905.00414, eq. 5): 1 where one is the other turned, mirrored, scaled and moved, 0 where they share
/// nothing. NaN where one of them is the same for all images.
double linear_cka(const at::Tensor& x, const at::Tensor& y);

/// The same of images that are never all at hand: from the centred representations of all pairs of blocks of them.
class PairwiseCka {
 public:
  /// Rows less the mean over all images: of a block of images in both representations, [n, D] and [n, E], and
  /// of another, [m, D] and [m, E]. `times`: how often these pairs count, 2 for two different blocks.
  void add(const at::Tensor& x, const at::Tensor& y, const at::Tensor& other_x, const at::Tensor& other_y,
           double times);
  double value() const;

 private:
  double shared_ = 0, first_ = 0, second_ = 0;  ///< sums over pairs of images: <K, L>, <K, K>, <L, L>
};

}  // namespace cambium::measures
