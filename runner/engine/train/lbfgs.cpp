#include "engine/train/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>
#include <vector>

namespace cambium {
namespace {

using Vector = std::vector<double>;

constexpr std::size_t kKept = 10;                     ///< changes that the curvature is told from, as SciPy has it
constexpr double kDecrease = 1e-4, kCurvature = 0.9;  ///< Wolfe's conditions (Nocedal and Wright 2006, section 3.1)
constexpr double kNoise = 1e-7;                       ///< what float32 leaves uncertain of a loss
constexpr int kTries = 30;

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

void add(Vector& to, double factor, const Vector& what) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * what[i];
}

double greatest(const Vector& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

/// Somewhere in the space of a head's parameters: weights, then the bias.
struct Spot {
  Vector at, gradient;
  double value = 0;  ///< mean loss and penalty
  HeadScore score;
};

/// What is made small.
class Objective {
 public:
  Objective(LinearHeadTrainer& trainer, const LinearHead& head, const LabelledRows& data,
            std::span<const std::int64_t> positions, const LbfgsRule& rule)
      : trainer_(trainer), head_(head), data_(data), positions_(positions), rule_(rule) {}

  Spot here() const {
    Spot spot;
    spot.at.assign(head_.weight.begin(), head_.weight.end());
    spot.at.insert(spot.at.end(), head_.bias.begin(), head_.bias.end());
    look(spot);
    return spot;
  }
  /// `length` along `direction`, as near as float32 comes.
  Spot beyond(const Spot& from, double length, const Vector& direction) const {
    Spot spot;
    spot.at.resize(from.at.size());
    for (std::size_t i = 0; i < spot.at.size(); ++i) spot.at[i] = float(from.at[i] + length * direction[i]);
    look(spot);
    return spot;
  }
  void settle(const Spot& spot) const {
    const std::size_t weights = head_.weight.size();
    for (std::size_t i = 0; i < weights; ++i) head_.weight[i] = float(spot.at[i]);
    for (std::size_t i = 0; i < head_.bias.size(); ++i) head_.bias[i] = float(spot.at[weights + i]);
  }

 private:
  void look(Spot& spot) const {
    settle(spot);
    spot.score = trainer_.slope(head_, data_, positions_, rule_.label_smoothing, spot.gradient);
    spot.value = spot.score.loss;
    for (std::size_t i = 0; i < head_.weight.size(); ++i) {
      spot.value += 0.5 * rule_.weight_decay * spot.at[i] * spot.at[i];
      spot.gradient[i] += rule_.weight_decay * spot.at[i];
    }
  }

  LinearHeadTrainer& trainer_;
  const LinearHead& head_;
  const LabelledRows& data_;
  std::span<const std::int64_t> positions_;
  const LbfgsRule& rule_;
};

/// The last changes of place and gradient, from which the inverse curvature is told.
class History {
 public:
  void add_change(const Spot& from, const Spot& to) {
    Change change{to.at, to.gradient};
    add(change.place, -1, from.at);
    add(change.gradient, -1, from.gradient);
    change.product = dot(change.place, change.gradient);
    if (!(change.product > 0)) return;
    if (changes_.size() == kKept) changes_.pop_front();
    changes_.push_back(std::move(change));
  }
  bool empty() const { return changes_.empty(); }
  void forget() { changes_.clear(); }

  /// Downhill: the two-loop recursion (Nocedal and Wright 2006, algorithm 7.4). Without changes the slope itself, at
  /// most one long.
  Vector direction(const Vector& gradient) const {
    Vector result = gradient;
    double scale = 1 / std::max(1.0, std::sqrt(dot(gradient, gradient)));
    std::vector<double> factors;
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
      factors.push_back(dot(change->place, result) / change->product);
      add(result, -factors.back(), change->gradient);
    }
    if (!changes_.empty()) scale = changes_.back().product / dot(changes_.back().gradient, changes_.back().gradient);
    for (double& value : result) value *= scale;
    for (const Change& change : changes_) {
      add(result, factors.back() - dot(change.gradient, result) / change.product, change.place);
      factors.pop_back();
    }
    for (double& value : result) value = -value;
    return result;
  }

 private:
  struct Change {
    Vector place, gradient;
    double product = 0;
  };
  std::deque<Change> changes_;
};

/// A length that meets Wolfe's conditions, by doubling and halving; nothing where float32 shows none.
std::optional<Spot> search(const Objective& objective, const Spot& from, const Vector& direction) {
  const double slope = dot(from.gradient, direction);
  if (!(slope < 0)) return std::nullopt;
  double low = 0, high = std::numeric_limits<double>::infinity(), length = 1;
  for (int tries = 0; tries < kTries; ++tries) {
    Spot spot = objective.beyond(from, length, direction);
    const bool lower = spot.value <= from.value + kDecrease * length * slope + kNoise * std::abs(from.value);
    if (!lower)
      high = length;
    else if (dot(spot.gradient, direction) < kCurvature * slope)
      low = length;
    else if (spot.at != from.at)
      return spot;
    else
      return std::nullopt;
    length = std::isfinite(high) ? (low + high) / 2 : 2 * low;
  }
  return std::nullopt;
}

}  // namespace

LbfgsScore fit_lbfgs(LinearHeadTrainer& trainer, const LinearHead& head, const LabelledRows& data,
                     std::span<const std::int64_t> positions, const LbfgsRule& rule) {
  const Objective objective(trainer, head, data, positions, rule);
  LbfgsScore result;
  Spot spot = objective.here();
  History history;
  while (std::isfinite(spot.value) && greatest(spot.gradient) > rule.tolerance && result.iterations < rule.iterations) {
    auto next = search(objective, spot, history.direction(spot.gradient));
    if (!next && !history.empty()) {  // what the curvature was told from may be rounding alone
      history.forget();
      next = search(objective, spot, history.direction(spot.gradient));
    }
    if (!next) break;
    history.add_change(spot, *next);
    spot = std::move(*next);
    ++result.iterations;
  }
  objective.settle(spot);
  result.score = spot.score;
  result.gradient = greatest(spot.gradient);
  result.converged = result.gradient <= rule.tolerance;
  if (!std::isfinite(spot.value)) {
    result.converged = false;
    result.score.diverged = result.iterations;
  }
  return result;
}

}  // namespace cambium
