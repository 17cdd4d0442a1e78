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

/// x y' in float64, some columns at a time.
at::Tensor products(const at::Tensor& x, const at::Tensor& y) {
  constexpr std::int64_t kColumns = 1 << 14;
  at::Tensor sum = at::zeros({x.size(0), y.size(0)}, at::kDouble);
  for (std::int64_t at = 0; at < x.size(1); at += kColumns) {
    const std::int64_t width = std::min(kColumns, x.size(1) - at);
    sum.addmm_(x.narrow(1, at, width).to(at::kDouble), y.narrow(1, at, width).to(at::kDouble).t());
  }
  return sum;
}

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

void PairwiseCka::add(const at::Tensor& x, const at::Tensor& y, const at::Tensor& other_x, const at::Tensor& other_y,
                      double times) {
  const at::Tensor k = products(x, other_x), l = products(y, other_y);
  shared_ += times * (k * l).sum().item<double>();
  first_ += times * k.square().sum().item<double>();
  second_ += times * l.square().sum().item<double>();
}

double PairwiseCka::value() const { return shared_ / std::sqrt(first_ * second_); }

}  // namespace cambium::measures
