#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/diag.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <functional>

#include "strategies/strategies.h"

namespace cambium::test {
namespace {

const at::TensorOptions kDouble = at::TensorOptions().dtype(at::kDouble);

/// The gradient of `f` at `x` by central differences, element by element.
at::Tensor differences(const std::function<at::Tensor(const at::Tensor&)>& f, const at::Tensor& x) {
  const double h = 1e-6;
  at::Tensor gradient = at::zeros(x.sizes(), kDouble);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const auto moved = [&](double by) {
      at::Tensor y = x.detach().clone();
      y.data_ptr<double>()[i] += by;
      return f(y).item<double>();
    };
    gradient.data_ptr<double>()[i] = (moved(h) - moved(-h)) / (2 * h);
  }
  return gradient;
}

void expect_gradient(const std::function<at::Tensor(const at::Tensor&)>& f, at::Tensor x) {
  x = x.detach().clone().contiguous().requires_grad_(true);
  f(x).backward();
  EXPECT_LT((x.grad() - differences(f, x)).abs().max().item<double>(), 1e-7);
}

TEST(L2Sp, IsHalfAlphaTimesTheSquaredDistanceFromTheStart) {
  const auto strategy = make("l2_sp", {{"alpha", 0.4}});
  const TensorMap start = {{"a", at::tensor({1.0, 2.0}, kDouble)}, {"b", at::tensor({0.0}, kDouble)}};
  const TensorMap weights = {{"a", at::tensor({1.5, 0.0}, kDouble)}, {"b", at::tensor({3.0}, kDouble)}};
  EXPECT_DOUBLE_EQ(strategy->penalty({weights, start, {}}).item<double>(), 0.2 * (0.25 + 4 + 9));
  EXPECT_DOUBLE_EQ(strategy->penalty({start, start, {}}).item<double>(), 0);
  EXPECT_FALSE(strategy->penalty({{}, start, {}}).defined()) << "nothing learns";
}

TEST(L2Sp, HasTheGradientOfFiniteDifferences) {
  at::manual_seed(1);
  const auto strategy = make("l2_sp", {{"alpha", 0.3}});
  const TensorMap start = {{"a", at::randn({3, 4}, kDouble)}};
  expect_gradient(
      [&](const at::Tensor& x) {
        const TensorMap weights = {{"a", x}};
        return strategy->penalty({weights, start, {}});
      },
      at::randn({3, 4}, kDouble));
}

/// [rows, columns] with the singular values 4, 3, 2 and 1.
at::Tensor with_known_spectrum(std::int64_t rows, std::int64_t columns) {
  at::manual_seed(2);
  const at::Tensor u = std::get<0>(at::linalg_qr(at::randn({rows, 4}, kDouble)));
  const at::Tensor v = std::get<0>(at::linalg_qr(at::randn({columns, 4}, kDouble)));
  return u.matmul(at::diag(at::tensor({4.0, 3.0, 2.0, 1.0}, kDouble))).matmul(v.t());
}

TEST(Bss, SumsTheSquaresOfTheSmallestSingularValues) {
  const TensorMap none;
  for (const auto& [rows, columns] : {std::pair{4, 9}, std::pair{9, 4}, std::pair{4, 4}})
    for (const auto& [k, sum] : {std::pair{1, 1.0}, std::pair{2, 5.0}, std::pair{3, 14.0}, std::pair{9, 30.0}}) {
      const auto strategy = make("bss", {{"eta", 0.1}, {"k", std::int64_t{k}}});
      const at::Tensor features = with_known_spectrum(rows, columns);
      EXPECT_NEAR(strategy->penalty({none, none, features}).item<double>(), 0.1 * sum, 1e-12) << rows << " " << k;
    }
}

TEST(Bss, HasTheGradientOfFiniteDifferences) {
  const TensorMap none;
  const auto strategy = make("bss", {{"eta", 0.5}, {"k", std::int64_t{2}}});
  for (const auto& [rows, columns] : {std::pair{4, 6}, std::pair{6, 4}})
    expect_gradient(
        [&](const at::Tensor& x) {
          return strategy->penalty({none, none, x});
        },
        with_known_spectrum(rows, columns));
}

TEST(Bss, HasAFiniteGradientForEqualSingularValues) {
  const TensorMap none;
  const auto strategy = make("bss", {{"k", std::int64_t{2}}});
  at::Tensor features = at::zeros({3, 5}).requires_grad_(true);
  strategy->penalty({none, none, features}).backward();
  EXPECT_TRUE(at::equal(features.grad(), at::zeros({3, 5})));
}

}  // namespace
}  // namespace cambium::test
