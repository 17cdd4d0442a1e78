#include "measures/transferability.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>

namespace cambium::measures {
namespace {

constexpr int kSteps = 11;             // of the fixed point; the reference takes as many, and two or three are usual
constexpr double kConverged = 1e-3;    // relative change of alpha / beta
constexpr double kEpsilon = 1e-5;      // keeps the precisions finite where features fit the labels to the last bit
constexpr double kRank = 1e-10;        // a squared singular value below this part of the largest is 0
constexpr double kPseudoRank = 1e-10;  // the same for an eigenvalue of a covariance

/// One-hot [N, K] for labels below K.
at::Tensor indicator(const at::Tensor& labels, std::int64_t classes) {
  at::Tensor result = at::zeros({labels.size(0), classes}, at::kDouble);
  return result.scatter_(1, labels.unsqueeze(1), 1.0);
}

std::int64_t count_of(const at::Tensor& labels) { return labels.max().item<std::int64_t>() + 1; }

/// The log evidence by image of one 0/1 target: `projected` [k] are the squares of its parts along the left singular
/// vectors, `rest` the square of what is left of it, `sigma` [k] the squared singular values.
double evidence(const at::Tensor& sigma, const at::Tensor& projected, double rest, double n, double d) {
  const auto sum = [](const at::Tensor& x) { return x.sum().item<double>(); };
  double alpha = 1, beta = 1, weights = 0, residue = 0;
  for (int step = 0; step < kSteps; ++step) {
    const double t = alpha / beta;
    const double gamma = sum(sigma / (sigma + t));
    weights = sum(sigma * projected / (sigma + t).square());
    residue = sum(projected / (sigma / t + 1).square()) + rest;
    alpha = gamma / (weights + kEpsilon);
    beta = (n - gamma) / (residue + kEpsilon);
    if (std::abs(alpha / beta - t) / t <= kConverged) break;
  }
  // The d - k directions that the features lack add log(alpha) each to the determinant.
  const double determinant = sum((sigma * beta + alpha).log()) + (d - double(sigma.size(0))) * std::log(alpha);
  return (d / 2 * std::log(alpha) + n / 2 * std::log(beta) - determinant / 2 - beta / 2 * residue -
          alpha / 2 * weights - n / 2 * std::log(2 * std::numbers::pi)) /
         n;
}

/// The sum of squares of each row's squared length, sum_i |x_i|^4.
double fourth_powers(const at::Tensor& centred) { return centred.square().sum(1).square().sum().item<double>(); }

}  // namespace

double log_me(const at::Tensor& features, const at::Tensor& labels) {
  const at::Tensor f = features.to(at::kDouble);
  const at::Tensor targets = indicator(labels, count_of(labels));
  const auto n = f.size(0), d = f.size(1);
  // The smaller of F'F and FF' has the squared singular values; F v / s are the left vectors of the former.
  at::Tensor sigma, projected;
  if (n > d) {
    auto [values, vectors] = at::linalg_eigh(f.t().matmul(f));
    sigma = values;
    projected = vectors.t().matmul(f.t().matmul(targets)).square();
  } else {
    auto [values, vectors] = at::linalg_eigh(f.matmul(f.t()));
    sigma = values;
    projected = vectors.t().matmul(targets).square() * values.unsqueeze(1);
  }
  const at::Tensor kept = (sigma > kRank * sigma.max()).nonzero().squeeze(1);
  sigma = sigma.index_select(0, kept);
  projected = projected.index_select(0, kept) / sigma.unsqueeze(1);
  double total = 0;
  int classes = 0;
  for (std::int64_t c = 0; c < targets.size(1); ++c) {
    const double images = targets.select(1, c).sum().item<double>();
    if (images == 0) continue;
    const at::Tensor mine = projected.select(1, c);
    total += evidence(sigma, mine, std::max(0.0, images - mine.sum().item<double>()), double(n), double(d));
    ++classes;
  }
  return total / classes;
}

double leep(const at::Tensor& predictions, const at::Tensor& labels) {
  const at::Tensor theta = predictions.to(at::kDouble);
  const at::Tensor joint = indicator(labels, count_of(labels)).t().matmul(theta) / double(theta.size(0));  // [K, Z]
  const at::Tensor source = joint.sum(0, true);
  const at::Tensor given = (joint / source).masked_fill(source == 0, 0.0);  // P(y | z)
  return theta.matmul(given.t()).gather(1, labels.unsqueeze(1)).log().mean().item<double>();
}

double nce(const at::Tensor& source_labels, const at::Tensor& labels) {
  const at::Tensor joint =
      indicator(labels, count_of(labels)).t().matmul(indicator(source_labels, count_of(source_labels))) /
      double(labels.size(0));
  const at::Tensor given = joint / joint.sum(0, true);
  return at::where(joint > 0, joint * given.log(), at::zeros_like(joint)).sum().item<double>();
}

HScore h_score(const at::Tensor& features, const at::Tensor& labels) {
  const at::Tensor f = features.to(at::kDouble) - features.to(at::kDouble).mean(0, true);
  const auto n = double(f.size(0)), d = double(f.size(1));
  const at::Tensor hot = indicator(labels, count_of(labels));
  const at::Tensor sizes = hot.sum(0);
  const at::Tensor means = hot.t().matmul(f) / sizes.clamp_min(1).unsqueeze(1);   // [K, D]
  const at::Tensor between = means.t().matmul(means * (sizes / n).unsqueeze(1));  // cov(E[f|y])
  const at::Tensor covariance = f.t().matmul(f) / n;

  // Ledoit and Wolf 2004: (1 - s) S + s m I, with the s of least expected squared error.
  const double scale = covariance.trace().item<double>() / d;
  const double squares = covariance.square().sum().item<double>();
  const double distance = (squares - d * scale * scale) / d;
  const double noise = std::min(distance, (fourth_powers(f) / n - squares) / (n * d));
  HScore score;
  score.shrinkage = distance > 0 ? std::clamp(noise / distance, 0.0, 1.0) : 0;

  const auto [values, vectors] = at::linalg_eigh(covariance);
  const at::Tensor along = (vectors.t().matmul(between) * vectors.t()).sum(1);  // v' B v
  const at::Tensor there = values > kPseudoRank * values.max();
  const auto trace = [&](const at::Tensor& spectrum) {
    return at::where(spectrum > 0, along / spectrum, at::zeros_like(along)).sum().item<double>();
  };
  score.plain = trace(at::where(there, values, at::zeros_like(values)));
  const at::Tensor shrunk = values.clamp_min(0) * (1 - score.shrinkage) + score.shrinkage * scale;
  score.regularised = (1 - score.shrinkage) * trace(at::where(there, shrunk, shrunk.clamp_min(kPseudoRank * scale)));
  return score;
}

}  // namespace cambium::measures
