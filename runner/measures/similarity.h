#pragma once

#include <ATen/core/Tensor.h>

namespace cambium::measures {

/// Linear centred kernel alignment of two representations [N, D] and [N, E] of the same N images (Kornblith et al.
/// 2019, arXiv 1905.00414, eq. 5): 1 where one is the other turned, mirrored, scaled and moved, 0 where they share
/// nothing. NaN where one of them is the same for all images.
double linear_cka(const at::Tensor& x, const at::Tensor& y);

}  // namespace cambium::measures
