#include "measures/transferability.h"

#include <numbers>

#include "cases.h"

namespace cambium::measures::test {
namespace {

// The authors' code (github.com/thuml/LogME, LogME.py, _fit_fixed_point) on F(60, 5) and F(12, 20), in NumPy 1.24.
TEST(LogMe, IsWhatTheAuthorsCodeGives) {
  EXPECT_NEAR(log_me(waves(60, 5), thirds(60)), -0.674045737382, 1e-9);
  EXPECT_NEAR(log_me(waves(12, 20), thirds(12)), -0.063709314645, 1e-8) << "more features than images";
}

/// At the fixed point it is the log density of a Gaussian, N(y; 0, I / beta + F F' / alpha), whose maximum over alpha
/// and beta no grid around it exceeds.
TEST(LogMe, IsTheGreatestEvidenceOfALinearModel) {
  const at::Tensor f = waves(30, 3), y = thirds(30).eq(0).to(at::kLong);
  const auto density = [&](double alpha, double beta, std::int64_t label) {
    const at::Tensor target = y.eq(label).to(at::kDouble).unsqueeze(1);
    const at::Tensor covariance = at::eye(30, at::kDouble) / beta + f.matmul(f.t()) / alpha;
    const at::Tensor values = std::get<0>(at::linalg_eigh(covariance));
    return (-15 * std::log(2 * std::numbers::pi) - 0.5 * values.log().sum().item<double>() -
            0.5 * target.t().matmul(covariance.inverse()).matmul(target).item<double>()) /
           30;
  };
  double best[2] = {-1e9, -1e9};
  for (double alpha = -3; alpha < 5; alpha += 0.2)
    for (double beta = -1; beta < 5; beta += 0.2)
      for (int label : {0, 1}) best[label] = std::max(best[label], density(std::exp(alpha), std::exp(beta), label));
  EXPECT_NEAR(log_me(f, y), (best[0] + best[1]) / 2, 1e-3);
  EXPECT_GE(log_me(f, y), (best[0] + best[1]) / 2 - 1e-4);
}

TEST(LogMe, PrefersFeaturesThatTellTheClasses) {
  const at::Tensor y = thirds(60), noise = waves(60, 5);
  const at::Tensor telling = noise + at::cat({y.eq(0).unsqueeze(1), y.eq(1).unsqueeze(1), y.eq(2).unsqueeze(1),
                                              y.eq(0).unsqueeze(1), y.eq(0).unsqueeze(1)},
                                             1)
                                             .to(at::kDouble) *
                                         3;
  EXPECT_GT(log_me(telling, y), log_me(noise, mixed(60)));
}

// The definition in loops over softmax(F(60, 4)), NumPy.
TEST(Leep, IsItsDefinition) { EXPECT_NEAR(leep(at::softmax(waves(60, 4), 1), thirds(60)), -1.026950108928, 1e-10); }

TEST(Leep, IsZeroForASourceThatKnowsAndTheEntropyForOneThatDoesNot) {
  const at::Tensor y = thirds(9);
  EXPECT_NEAR(leep(at::eye(3, at::kDouble).index_select(0, y), y), 0, 1e-12);
  EXPECT_NEAR(leep(at::full({9, 4}, 0.25, at::kDouble), y), -std::log(3), 1e-12);
  EXPECT_NEAR(leep(at::tensor({1.0, 0.0}, at::kDouble).expand({9, 2}), y), -std::log(3), 1e-12)
      << "a class that the source never gives adds nothing";
}

// The definition in loops over argmax(F(60, 4)), NumPy.
TEST(Nce, IsItsDefinition) { EXPECT_NEAR(nce(waves(60, 4).argmax(1), thirds(60)), -0.808002084468, 1e-10); }

TEST(Nce, IsZeroForAFunctionOfTheSourceAndMinusTheEntropyWithoutOne) {
  EXPECT_NEAR(nce(at::tensor({5, 5, 2, 2, 0}, at::kLong), at::tensor({1, 1, 0, 0, 1}, at::kLong)), 0, 1e-12);
  EXPECT_NEAR(nce(at::zeros({6}, at::kLong), thirds(6)), -std::log(3), 1e-12);
}

// Bao's definition by numpy.linalg.pinv and numpy.cov(bias=True); the regularised one with scikit-learn's
// ledoit_wolf_shrinkage written out in NumPy.
TEST(HScore, IsWhatNumpyGives) {
  const HScore tall = h_score(waves(60, 5), thirds(60));
  EXPECT_NEAR(tall.plain, 1.140777106654, 1e-9);
  EXPECT_NEAR(tall.regularised, 0.733772000399, 1e-9);
  EXPECT_NEAR(tall.shrinkage, 0.379389752502, 1e-9);
  const HScore wide = h_score(waves(12, 20), thirds(12));
  EXPECT_NEAR(wide.plain, 2, 1e-7) << "with more features than images, every task looks perfect: K - 1";
  EXPECT_NEAR(wide.regularised, 1.488032497347, 1e-9);
  EXPECT_NEAR(wide.shrinkage, 0.495195264070, 1e-9);
}

TEST(HScore, IsTheFishersRatioInOneDimension) {
  // Means -1 and 1, variance 1 about each: between 1, in all 2.
  const at::Tensor f = at::tensor({-2.0, 0.0, 0.0, 2.0}, at::kDouble).unsqueeze(1);
  EXPECT_NEAR(h_score(f, at::tensor({0, 0, 1, 1}, at::kLong)).plain, 0.5, 1e-12);
  EXPECT_NEAR(h_score(f * 7 + 3, at::tensor({0, 0, 1, 1}, at::kLong)).plain, 0.5, 1e-12);
}

}  // namespace
}  // namespace cambium::measures::test
