#include "engine/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

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

}  // namespace
}  // namespace cambium
