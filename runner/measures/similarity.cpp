#include "measures/similarity.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

namespace cambium::measures {
namespace {

at::Tensor centred(const at::Tensor& x) {
  const at::Tensor wide = x.to(at::kDouble);
  return wide - wide.mean(0, true);
}

double length(const at::Tensor& x) { return x.norm().item<double>(); }

}  // namespace

double linear_cka(const at::Tensor& x, const at::Tensor& y) {
  const at::Tensor a = centred(x), b = centred(y);
  // |A'B|^2 = <AA', BB'>: whichever products are the smaller.
  if (std::max(a.size(1), b.size(1)) <= a.size(0)) {
    const double shared = length(a.t().matmul(b));
    return shared * shared / (length(a.t().matmul(a)) * length(b.t().matmul(b)));
  }
  const at::Tensor k = a.matmul(a.t()), l = b.matmul(b.t());
  return (k * l).sum().item<double>() / (length(k) * length(l));
}

}  // namespace cambium::measures
