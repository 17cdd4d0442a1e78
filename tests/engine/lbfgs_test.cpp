#include "engine/train/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace cambium {
namespace {

struct Problem {
  Problem(std::int64_t images_, std::int64_t width_, std::int64_t classes_)
      : images(images_), width(width_), classes(classes_) {
    features.resize(std::size_t(images * width));
    for (std::int64_t i = 0; i < images; ++i) {
      labels.push_back(i * 5 % classes);
      positions.push_back(i);
      for (std::int64_t f = 0; f < width; ++f)
        features[std::size_t(i * width + f)] =
            float(std::sin(double(i * (f + 2)) + double(f)) + (f % classes == labels.back() ? 0.4 : 0));
    }
    weight.resize(std::size_t(classes * width));
    bias.resize(std::size_t(classes));
  }
  LinearHead head() { return {classes, width, weight, bias}; }
  LabelledRows data() const { return {{features.data(), width, width, {}}, labels}; }
  LbfgsScore fit(const LbfgsRule& rule) {
    LinearHeadTrainer trainer;
    return fit_lbfgs(trainer, head(), data(), positions, rule);
  }

  std::int64_t images, width, classes;
  std::vector<float> features, weight, bias;
  std::vector<std::int64_t> labels, positions;
};

/// The greatest derivative of mean loss and penalty, by hand in float64.
double greatest_derivative(const Problem& problem, double decay, double smoothing) {
  const std::int64_t classes = problem.classes, width = problem.width;
  std::vector<double> of_weight(problem.weight.size()), of_bias(problem.bias.size());
  for (std::int64_t i = 0; i < problem.images; ++i) {
    std::vector<double> e;
    for (std::int64_t c = 0; c < classes; ++c) {
      double logit = double(problem.bias[std::size_t(c)]);
      for (std::int64_t f = 0; f < width; ++f)
        logit +=
            double(problem.weight[std::size_t(c * width + f)]) * double(problem.features[std::size_t(i * width + f)]);
      e.push_back(std::exp(logit));
    }
    const double sum = std::accumulate(e.begin(), e.end(), 0.0);
    for (std::int64_t c = 0; c < classes; ++c) {
      const double told = (c == problem.labels[std::size_t(i)] ? 1 - smoothing : 0) + smoothing / double(classes);
      const double off = (e[std::size_t(c)] / sum - told) / double(problem.images);
      of_bias[std::size_t(c)] += off;
      for (std::int64_t f = 0; f < width; ++f)
        of_weight[std::size_t(c * width + f)] += off * double(problem.features[std::size_t(i * width + f)]);
    }
  }
  double most = 0;
  for (const double value : of_bias) most = std::max(most, std::abs(value));
  for (std::size_t i = 0; i < of_weight.size(); ++i)
    most = std::max(most, std::abs(of_weight[i] + decay * double(problem.weight[i])));
  return most;
}

TEST(Lbfgs, EndsWhereNothingIsSteep) {
  for (const double decay : {0.1, 1e-3})
    for (const double smoothing : {0.0, 0.1}) {
      Problem problem(300, 37, 5);
      const LbfgsScore done = problem.fit({decay, smoothing, 500, 2e-6});
      EXPECT_TRUE(done.converged) << decay << " " << done.iterations << " " << done.gradient;
      EXPECT_LT(done.iterations, 200);
      EXPECT_LE(greatest_derivative(problem, decay, smoothing), 4e-6);
      EXPECT_NEAR(done.gradient, greatest_derivative(problem, decay, smoothing), 2e-6);
    }
}

/// LogisticRegression(C=1/(0.02 * 60), tol=1e-12, max_iter=10000) of scikit-learn 1.9.1 on the same 60 rows.
TEST(Lbfgs, ComesToWhatScikitLearnDoes) {
  const std::vector<double> weight = {0.3492325331,  -0.1758389269, -0.2395279467, 0.3784342222,
                                      -0.0343435459, 0.5277126309,  -0.0589748621, -0.1936193975,
                                      -0.3148889873, -0.3518737040, 0.2985028088,  -0.1848148247};
  const std::vector<double> bias = {-0.0395345243, -0.0301983009, 0.0697328252};
  Problem problem(60, 4, 3);
  const LbfgsScore done = problem.fit({0.02, 0, 1000, 1e-6});
  EXPECT_TRUE(done.converged);
  for (std::size_t i = 0; i < weight.size(); ++i) EXPECT_NEAR(double(problem.weight[i]), weight[i], 5e-5) << i;
  // A number added to all of the bias changes nothing, and nothing holds it: scikit-learn's add up to 0.
  const float mean = std::accumulate(problem.bias.begin(), problem.bias.end(), 0.0F) / 3;
  for (std::size_t c = 0; c < bias.size(); ++c) EXPECT_NEAR(double(problem.bias[c] - mean), bias[c], 5e-5) << c;
  EXPECT_EQ(done.score.right, 28);
}

/// One feature of +1 or -1, three quarters of each told by its sign: the logits' difference is log 3 times the feature,
/// and the loss the entropy of 3/4.
TEST(Lbfgs, FindsTheClosedForm) {
  Problem problem(8, 1, 2);
  problem.features = {1, 1, 1, 1, -1, -1, -1, -1};
  problem.labels = {1, 1, 1, 0, 0, 0, 0, 1};
  const LbfgsScore done = problem.fit({0, 0, 100, 1e-7});
  EXPECT_TRUE(done.converged);
  EXPECT_NEAR(problem.weight[1] - problem.weight[0], std::log(3.0), 1e-5);
  EXPECT_NEAR(problem.bias[1] - problem.bias[0], 0, 1e-5);
  EXPECT_NEAR(done.score.loss, -0.75 * std::log(0.75) - 0.25 * std::log(0.25), 1e-6);
  EXPECT_EQ(done.score.right, 6);
}

TEST(Lbfgs, HasTheSameBitsAgain) {
  Problem one(90, 20, 3), other(90, 20, 3);
  one.fit({0.01, 0, 50, 1e-6});
  other.fit({0.01, 0, 50, 1e-6});
  EXPECT_EQ(one.weight, other.weight);
  EXPECT_EQ(one.bias, other.bias);
}

TEST(Lbfgs, StopsAfterItsIterations) {
  Problem problem(90, 20, 3);
  const LbfgsScore done = problem.fit({1e-4, 0, 3, 0});
  EXPECT_EQ(done.iterations, 3);
  EXPECT_FALSE(done.converged);
}

TEST(Lbfgs, TellsOfALossThatIsNotFinite) {
  Problem problem(20, 4, 2);
  problem.features[9] = std::numeric_limits<float>::quiet_NaN();
  const LbfgsScore done = problem.fit({});
  EXPECT_EQ(done.score.diverged, std::optional<std::int64_t>(0));
  EXPECT_FALSE(done.converged);
}

}  // namespace
}  // namespace cambium
