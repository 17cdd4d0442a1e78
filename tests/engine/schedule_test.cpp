#include "engine/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "protocol/messages.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

Schedule schedule(std::map<std::string, ParamValue> values, std::int64_t steps_per_epoch) {
  return Schedule(typed(Params(std::move(values)), train_schema()), steps_per_epoch);
}

TEST(Schedule, IsConstantUnlessTold) {
  const Schedule constant = schedule({}, 5);
  for (std::int64_t step : {0, 1, 49}) EXPECT_EQ(constant.factor(step), 1);
}

TEST(Schedule, GoesDownInSteps) {
  const Schedule step =
      schedule({{"schedule", std::string("step")}, {"step_epochs", std::int64_t{2}}, {"gamma", 0.5}}, 10);
  EXPECT_EQ(step.factor(0), 1);
  EXPECT_EQ(step.factor(19), 1);
  EXPECT_EQ(step.factor(20), 0.5);
  EXPECT_EQ(step.factor(39), 0.5);
  EXPECT_DOUBLE_EQ(step.factor(99), std::pow(0.5, 4));
}

TEST(Schedule, FollowsHalfACosine) {
  const Schedule cosine =
      schedule({{"schedule", std::string("cosine")}, {"epochs", std::int64_t{4}}, {"final_lr", 0.1}}, 25);
  EXPECT_DOUBLE_EQ(cosine.factor(0), 1);
  EXPECT_DOUBLE_EQ(cosine.factor(50), 0.1 + 0.9 * 0.5);
  EXPECT_DOUBLE_EQ(cosine.factor(25), 0.1 + 0.9 * (1 + std::cos(std::numbers::pi / 4)) / 2);
  EXPECT_DOUBLE_EQ(cosine.factor(100), 0.1);
}

TEST(Schedule, WarmsUpInALineAndThenHasTheRest) {
  const Schedule warm =
      schedule({{"schedule", std::string("cosine")}, {"epochs", std::int64_t{5}}, {"warmup_epochs", 1.0}}, 10);
  EXPECT_DOUBLE_EQ(warm.factor(0), 0.1);
  EXPECT_DOUBLE_EQ(warm.factor(4), 0.5);
  EXPECT_DOUBLE_EQ(warm.factor(9), 1);
  EXPECT_DOUBLE_EQ(warm.factor(10), 1);    // the cosine begins
  EXPECT_DOUBLE_EQ(warm.factor(30), 0.5);  // half-way through the 40 steps that are left
  EXPECT_NEAR(warm.factor(50), 0, 1e-15);
}

TEST(Schedule, CountsPartsOfAnEpochOfWarmUp) {
  const Schedule warm = schedule({{"warmup_epochs", 0.5}}, 10);
  EXPECT_DOUBLE_EQ(warm.factor(0), 0.2);
  EXPECT_DOUBLE_EQ(warm.factor(4), 1);
  EXPECT_DOUBLE_EQ(warm.factor(5), 1);
}

/// torch 1.13.1: CyclicLR(base_lr=0.1, max_lr=1, step_size_up=5, mode="triangular").
TEST(Schedule, GoesUpAndDownTrianglesAsTorchsCyclicLr) {
  const Schedule triangular = schedule({{"schedule", std::string("triangular")}, {"cycle_epochs", 2.0}}, 5);
  const std::vector<double> torch = {0.1, 0.28, 0.46, 0.64, 0.82, 1.0, 0.82, 0.64, 0.46, 0.28, 0.1, 0.28, 0.46, 0.64};
  for (std::size_t t = 0; t < torch.size(); ++t) EXPECT_NEAR(triangular.factor(std::int64_t(t)), torch[t], 1e-12) << t;
}

/// torch 1.13.1: OneCycleLR(max_lr=1, total_steps=20) and (total_steps=12, pct_start=0.25, div_factor=10,
/// final_div_factor=100), both with anneal_strategy="cos".
TEST(Schedule, GoesOneCycleAsTorchsOneCycleLr) {
  const Schedule usual = schedule({{"schedule", std::string("one_cycle")}, {"epochs", std::int64_t{4}}}, 5);
  const std::vector<double> torch = {0.040000000000000036,
                                     0.1316718427000253,
                                     0.3716718427000253,
                                     0.6683281572999747,
                                     0.9083281572999747,
                                     1.0,
                                     0.9874640062350873,
                                     0.9504846320134737,
                                     0.89091617757105,
                                     0.8117456539497631,
                                     0.7169430017913008,
                                     0.6112620219362893,
                                     0.500002,
                                     0.38874197806371075,
                                     0.28306099820869923,
                                     0.18825834605023697,
                                     0.10908782242895004,
                                     0.049519367986526286,
                                     0.012539993764912554,
                                     4e-06};
  for (std::size_t t = 0; t < torch.size(); ++t) EXPECT_NEAR(usual.factor(std::int64_t(t)), torch[t], 1e-12) << t;

  const Schedule other = schedule({{"schedule", std::string("one_cycle")},
                                   {"epochs", std::int64_t{3}},
                                   {"rise", 0.25},
                                   {"start_div", 10.0},
                                   {"end_div", 100.0}},
                                  4);
  const std::vector<double> of_other = {0.1,
                                        0.55,
                                        1.0,
                                        0.9698764640825612,
                                        0.8831391993379295,
                                        0.75025,
                                        0.5872372647446318,
                                        0.41376273525536833,
                                        0.2507500000000001,
                                        0.11786080066207054,
                                        0.031123535917438796,
                                        0.001};
  for (std::size_t t = 0; t < of_other.size(); ++t) EXPECT_NEAR(other.factor(std::int64_t(t)), of_other[t], 1e-12) << t;
}

/// torch 1.13: the momentum (SGD) and beta1 (Adam) that OneCycleLR sets in the same two cases.
TEST(Schedule, CyclesTheMomentumAsTorchsOneCycleLr) {
  const Schedule usual = schedule({{"schedule", std::string("one_cycle")}, {"epochs", std::int64_t{4}}}, 5);
  const std::vector<double> torch = {0.95,
                                     0.9404508497187474,
                                     0.9154508497187474,
                                     0.8845491502812526,
                                     0.8595491502812526,
                                     0.85,
                                     0.8512536043909088,
                                     0.854951556604879,
                                     0.8609084258765984,
                                     0.8688255099070633,
                                     0.878305813044122,
                                     0.8888739533021842,
                                     0.9,
                                     0.9111260466978157,
                                     0.9216941869558779,
                                     0.9311744900929366,
                                     0.9390915741234015,
                                     0.945048443395121,
                                     0.9487463956090911,
                                     0.95};
  for (std::size_t t = 0; t < torch.size(); ++t)
    EXPECT_NEAR(usual.momentum(std::int64_t(t)).value_or(0), torch[t], 1e-12) << t;

  const Schedule other = schedule(
      {{"schedule", std::string("one_cycle")}, {"epochs", std::int64_t{3}}, {"rise", 0.25}, {"start_div", 10.0}}, 4);
  const std::vector<double> of_other = {0.95,
                                        0.9,
                                        0.85,
                                        0.8530153689607045,
                                        0.8616977778440511,
                                        0.875,
                                        0.8913175911166534,
                                        0.9086824088833465,
                                        0.925,
                                        0.9383022221559488,
                                        0.9469846310392954,
                                        0.95};
  for (std::size_t t = 0; t < of_other.size(); ++t)
    EXPECT_NEAR(other.momentum(std::int64_t(t)).value_or(0), of_other[t], 1e-12) << t;

  EXPECT_FALSE(schedule({{"schedule", std::string("one_cycle")}, {"cycle_momentum", false}}, 5).momentum(0));
  EXPECT_FALSE(schedule({{"schedule", std::string("cosine")}}, 5).momentum(0));
}

/// Howard and Ruder 2018, eq. 3, as printed, where T cut_frac is whole.
TEST(Schedule, GoesTheSlantedTriangleOfUlmFit) {
  const double total = 200, cut_frac = 0.1, ratio = 32, cut = 20;
  const Schedule slanted = schedule({{"schedule", std::string("slanted_triangular")}, {"epochs", std::int64_t{8}}}, 25);
  for (std::int64_t step = 0; step < std::int64_t(total); ++step) {
    const auto t = double(step);
    const double p = t < cut ? t / cut : 1 - (t - cut) / (cut * (1 / cut_frac - 1));
    EXPECT_NEAR(slanted.factor(step), (1 + p * (ratio - 1)) / ratio, 1e-12) << t;
  }
  EXPECT_EQ(slanted.factor(20), 1);
}

TEST(Schedule, OfFewStepsStaysWithinItsBounds) {
  for (const char* kind : {"triangular", "one_cycle", "slanted_triangular"})
    for (std::int64_t epochs : {1, 3, 15}) {
      const Schedule schedule_of_few = schedule({{"schedule", std::string(kind)}, {"epochs", epochs}}, 1);
      for (std::int64_t step = 0; step < epochs; ++step) {
        EXPECT_GT(schedule_of_few.factor(step), 0) << kind << " " << step << " of " << epochs;
        EXPECT_LE(schedule_of_few.factor(step), 1) << kind << " " << step << " of " << epochs;
      }
    }
}

}  // namespace
}  // namespace cambium
