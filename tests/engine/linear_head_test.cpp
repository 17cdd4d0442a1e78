#include "engine/train/linear_head.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "cambium/random.h"
#include "engine/data/batches.h"
#include "engine/train/optimizer.h"
#include "protocol/messages.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

using Values = std::map<std::string, ParamValue>;

struct Case {
  std::int64_t images = 0, width = 0, classes = 0;
  std::size_t batch = 0;
  bool bias = true;
  Values settings = {};
  double rate = 0.05;
};

/// Features about class centres, so that there is something to learn.
struct Problem {
  explicit Problem(const Case& given) : images(given.images), width(given.width), classes(given.classes) {
    RandomStream draws(7, "problem", 0);
    features.resize(std::size_t(images * width));
    labels.resize(std::size_t(images));
    weight.resize(std::size_t(classes * width));
    if (given.bias) bias.resize(std::size_t(classes));
    for (float& value : weight) value = float(draws.uniform(-0.1, 0.1));
    for (float& value : bias) value = float(draws.uniform(-0.1, 0.1));
    for (std::int64_t i = 0; i < images; ++i) {
      labels[std::size_t(i)] = i * 7 % classes;
      for (std::int64_t f = 0; f < width; ++f)
        features[std::size_t(i * width + f)] =
            float(draws.uniform(-1, 1) + (f % classes == labels[std::size_t(i)] ? 0.5 : 0));
    }
  }
  LabelledRows data() const { return {{features.data(), width, width, {}}, labels}; }
  LinearHead head() { return {classes, width, weight, bias}; }

  std::int64_t images, width, classes;
  std::vector<float> features, weight, bias;
  std::vector<std::int64_t> labels;
};

HeadRule rule_of(const Params& settings) {
  HeadRule rule;
  const std::string& kind = settings.string("optimizer");
  rule.kind = kind == "sgd" ? HeadRule::Kind::Sgd : kind == "adam" ? HeadRule::Kind::Adam : HeadRule::Kind::AdamW;
  if (kind == "sgd") {
    rule.momentum = settings.number("momentum");
    rule.nesterov = settings.boolean("nesterov");
  } else {
    rule.beta1 = settings.number("beta1");
    rule.beta2 = settings.number("beta2");
    rule.eps = settings.number("eps");
  }
  rule.weight_decay = settings.number("weight_decay");
  rule.label_smoothing = settings.number("label_smoothing");
  return rule;
}

/// What is kept of a parameter from step to step.
struct Kept {
  explicit Kept(const Problem& problem)
      : weight_first(problem.weight.size()),
        bias_first(problem.bias.size()),
        weight_second(problem.weight.size()),
        bias_second(problem.bias.size()) {}
  HeadMoments moments() { return {weight_first, bias_first, weight_second, bias_second, steps}; }

  std::vector<float> weight_first, bias_first, weight_second, bias_second;
  std::int64_t steps = 0;
};

/// A rate that goes down, and a momentum that moves where `cycles`.
struct Pace {
  Pace(const Case& given, std::size_t steps, std::int64_t epoch, bool cycles) {
    for (std::size_t s = 0; s < steps; ++s) {
      factors.push_back(1 / (1 + 0.02 * double(epoch) + 0.001 * double(s)));
      rates.push_back(given.rate * factors.back());
      if (cycles) momenta.push_back(0.95 - 0.004 * double(epoch) - 0.0001 * double(s));
    }
  }
  std::vector<double> factors, rates, momenta;
};

HeadScore train(Problem& problem, Kept& kept, const Case& given, std::int64_t epochs, bool cycles = false) {
  const HeadRule rule = rule_of(typed(Params(given.settings), train_schema()));
  const auto bounds = batch_bounds(std::size_t(given.images), given.batch);
  LinearHeadTrainer trainer;
  HeadScore score;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    const auto order = epoch_order(std::size_t(given.images), 3, epoch);
    const Pace pace(given, bounds.size() - 1, epoch, cycles);
    HeadMoments moments = kept.moments();
    score =
        trainer.train_epoch(problem.head(), moments, problem.data(), {order, bounds, pace.rates, pace.momenta}, rule);
    kept.steps = moments.steps;
  }
  return score;
}

at::Tensor rows(const std::vector<float>& values, std::int64_t count, std::int64_t width) {
  return at::from_blob(const_cast<float*>(values.data()), {count, width}).clone();
}

/// The same by autograd and Optimizer.
struct Reference {
  at::Tensor weight, bias;
  double loss = 0;
  std::int64_t right = 0;
};
Reference reference(const Problem& problem, const Case& given, std::int64_t epochs, bool cycles = false) {
  const Params settings = typed(Params(given.settings), train_schema());
  const at::Tensor features = rows(problem.features, problem.images, problem.width),
                   labels = at::tensor(problem.labels);
  Reference result;
  result.weight = rows(problem.weight, problem.classes, problem.width).requires_grad_();
  ParameterGroup group{{{"weight", result.weight}}, 1, settings.number("weight_decay")};
  if (given.bias) {
    result.bias = at::tensor(problem.bias).requires_grad_();
    group.parameters.emplace_back("bias", result.bias);
  }
  Optimizer optimizer(settings);
  optimizer.set_groups({group});
  const auto bounds = batch_bounds(std::size_t(given.images), given.batch);
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    const at::Tensor order = at::tensor(epoch_order(std::size_t(given.images), 3, epoch));
    const Pace pace(given, bounds.size() - 1, epoch, cycles);
    result.loss = 0;
    result.right = 0;
    for (std::size_t s = 0; s + 1 < bounds.size(); ++s) {
      const auto count = std::int64_t(bounds[s + 1] - bounds[s]);
      const at::Tensor chosen = order.narrow(0, std::int64_t(bounds[s]), count), told = labels.index_select(0, chosen);
      const at::Tensor logits = at::linear(features.index_select(0, chosen), result.weight, result.bias);
      const at::Tensor loss =
          at::cross_entropy_loss(logits, told, {}, at::Reduction::Mean, -100, settings.number("label_smoothing"));
      optimizer.zero_grad();
      loss.backward();
      optimizer.step(given.rate, pace.factors[s], cycles ? std::optional(pace.momenta[s]) : std::nullopt);
      result.loss += loss.item<double>() * double(count) / double(given.images);
      result.right += logits.argmax(1).eq(told).sum().item<std::int64_t>();
    }
  }
  return result;
}

void expect_near(const std::vector<float>& mine, const at::Tensor& theirs, double tolerance, const std::string& what) {
  const at::Tensor flat = theirs.detach().contiguous().view(-1);
  ASSERT_EQ(flat.numel(), std::int64_t(mine.size()));
  double most = 0;
  for (std::size_t i = 0; i < mine.size(); ++i)
    most = std::max(most, double(std::abs(mine[i] - flat.data_ptr<float>()[i])));
  EXPECT_LE(most, tolerance) << what;
}

void expect_as_reference(const Case& given, const std::string& what, bool cycles = false) {
  Problem problem(given);
  const Reference theirs = reference(problem, given, 20, cycles);
  Kept kept(problem);
  const HeadScore mine = train(problem, kept, given, 20, cycles);
  expect_near(problem.weight, theirs.weight, 1e-5, what + ": weight");
  if (given.bias) expect_near(problem.bias, theirs.bias, 1e-5, what + ": bias");
  EXPECT_NEAR(mine.loss, theirs.loss, 1e-5) << what;
  EXPECT_NEAR(double(mine.right), double(theirs.right), 1) << what;
  EXPECT_FALSE(mine.diverged) << what;
}

std::vector<std::pair<std::string, Values>> rules() {
  const auto kind = [](const char* name) { return ParamValue(std::string(name)); };
  return {{"sgd", {}},
          {"sgd with decay", {{"weight_decay", 0.01}}},
          {"momentum", {{"momentum", 0.9}}},
          {"momentum, decay, smoothing", {{"momentum", 0.9}, {"weight_decay", 0.01}, {"label_smoothing", 0.1}}},
          {"nesterov", {{"momentum", 0.8}, {"nesterov", true}, {"weight_decay", 0.003}}},
          {"adam", {{"optimizer", kind("adam")}, {"eps", 1e-4}}},
          {"adam with decay", {{"optimizer", kind("adam")}, {"beta1", 0.8}, {"weight_decay", 0.01}, {"eps", 1e-4}}},
          {"adamw", {{"optimizer", kind("adamw")}, {"weight_decay", 0.05}, {"label_smoothing", 0.2}, {"eps", 1e-4}}}};
}

TEST(LinearHead, LearnsAsAutogradAndTheOptimizerDo) {
  for (const auto& [name, settings] : rules())
    for (const Case& shape : {Case{101, 33, 2, 10}, Case{64, 32, 10, 16}, Case{150, 71, 100, 64}, Case{61, 5, 3, 61},
                              Case{90, 40, 7, 1}, Case{77, 16, 4, 12, false}}) {
      Case given = shape;
      given.settings = settings;
      expect_as_reference(
          given, fmt::format("{}, {} classes, width {}, batch {}", name, given.classes, given.width, given.batch));
    }
}

TEST(LinearHead, LearnsSoWithMoreClassesThanAreWorkedOnAtOnce) {
  for (const auto& [name, settings] : {rules()[3], rules()[7]})
    // Adam divides by gradients that are next to nothing here, so that at a higher rate rounding alone leads apart.
    expect_as_reference(Case{60, 520, 130, 24, true, settings, 0.001}, name + ", 130 classes");
}

TEST(LinearHead, TakesEachStepsMomentum) {
  expect_as_reference(Case{101, 24, 5, 16, true, {{"momentum", 0.9}}}, "sgd", true);
  expect_as_reference(Case{101, 24, 5, 16, true, {{"optimizer", std::string("adam")}, {"eps", 1e-4}}}, "adam", true);
}

TEST(LinearHead, HasTheSameBitsAloneAmongOthersAndWhereverItsRowsLie) {
  const Case given{53, 37, 3, 8, true, {{"momentum", 0.9}, {"label_smoothing", 0.1}}};
  Problem alone(given), among(given);
  Kept kept(alone), other_kept(among);
  train(alone, kept, given, 5);

  // The same images in another order of a wider file, by a trainer that has worked on another head before.
  const std::int64_t stride = 45;
  std::vector<float> file(std::size_t(stride * given.images), std::numeric_limits<float>::quiet_NaN());
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < given.images; ++i) {
    places.push_back(given.images - 1 - i);
    std::copy_n(among.features.begin() + i * given.width, given.width, file.begin() + places.back() * stride);
  }
  const LabelledRows data{{file.data(), given.width, stride, places}, among.labels};
  const HeadRule rule = rule_of(typed(Params(given.settings), train_schema()));
  const auto bounds = batch_bounds(std::size_t(given.images), given.batch);
  LinearHeadTrainer trainer;
  Problem other(Case{90, 64, 11, 90});
  std::vector<std::int64_t> all(90);
  std::iota(all.begin(), all.end(), 0);
  for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
    trainer.evaluate(other.head(), other.data(), all);
    const Pace pace(given, bounds.size() - 1, epoch, false);
    HeadMoments moments = other_kept.moments();
    trainer.train_epoch(among.head(), moments, data,
                        {epoch_order(std::size_t(given.images), 3, epoch), bounds, pace.rates, {}}, rule);
    other_kept.steps = moments.steps;
  }
  EXPECT_EQ(alone.weight, among.weight);
  EXPECT_EQ(alone.bias, among.bias);
  EXPECT_EQ(kept.weight_first, other_kept.weight_first);
}

TEST(LinearHead, IsScoredAsAtenDoes) {
  for (const Case& given : {Case{301, 33, 2, 1}, Case{130, 520, 130, 1}, Case{7, 8, 10, 1, false}, Case{1, 3, 2, 1}}) {
    Problem problem(given);
    const at::Tensor logits =
        at::linear(rows(problem.features, given.images, given.width), rows(problem.weight, given.classes, given.width),
                   given.bias ? at::tensor(problem.bias) : at::Tensor());
    const at::Tensor labels = at::tensor(problem.labels);
    std::vector<std::int64_t> all(std::size_t(given.images));
    std::iota(all.begin(), all.end(), 0);
    const HeadScore score = LinearHeadTrainer().evaluate(problem.head(), problem.data(), all);
    EXPECT_NEAR(score.loss, at::cross_entropy_loss(logits, labels).item<double>(), 1e-5);
    EXPECT_EQ(score.right, logits.argmax(1).eq(labels).sum().item<std::int64_t>());
  }
  Problem none(Case{4, 8, 2, 1});
  EXPECT_TRUE(std::isnan(LinearHeadTrainer().evaluate(none.head(), none.data(), {}).loss));
}

TEST(LinearHead, TakesTheFirstOfEqualLogits) {
  Problem problem(Case{6, 8, 3, 1});
  std::fill(problem.weight.begin(), problem.weight.end(), 0.0F);
  problem.bias = {0, 1, 1};
  problem.labels = {0, 1, 2, 1, 2, 1};
  const std::vector<std::int64_t> all = {0, 1, 2, 3, 4, 5};
  EXPECT_EQ(LinearHeadTrainer().evaluate(problem.head(), problem.data(), all).right, 3);
}

TEST(LinearHead, KeepsFarLogitsApart) {
  Problem problem(Case{3, 8, 3, 1});
  std::fill(problem.weight.begin(), problem.weight.end(), 0.0F);
  problem.bias = {300, -400, 0};
  problem.labels = {0, 1, 2};
  const HeadScore score =
      LinearHeadTrainer().evaluate(problem.head(), problem.data(), std::vector<std::int64_t>{0, 1, 2});
  EXPECT_DOUBLE_EQ(score.loss, (0.0 + 700 + 300) / 3);
}

TEST(LinearHead, TellsTheStepWhoseLossIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const std::int64_t width : {8, 13}) {
      const Case given{40, width, 3, 10};
      Problem problem(given), before(given);
      Kept kept(problem);
      const auto order = epoch_order(40, 3, 0);
      problem.features[std::size_t(order[27] * width + 2)] = bad;  // in the third batch
      const HeadScore score = train(problem, kept, given, 1);
      EXPECT_EQ(score.diverged, std::optional<std::int64_t>(2));
      EXPECT_FALSE(std::isfinite(score.loss));
      EXPECT_EQ(kept.steps, 2);
      for (const float value : problem.weight) EXPECT_TRUE(std::isfinite(value));
      EXPECT_NE(problem.weight, before.weight);
    }
}

}  // namespace
}  // namespace cambium
