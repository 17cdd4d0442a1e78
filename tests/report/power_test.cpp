#include "report/power.h"

#include <gmock/gmock.h>

#include "cambium/error.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

TEST(Power, NeedsThePairsOfPublishedTables) {
  // G*Power 3, "means: difference between two dependent means (matched pairs)", two tails, alpha 0.05, power 0.80.
  EXPECT_EQ(pairs_needed(0.2), 199);
  EXPECT_EQ(pairs_needed(0.3), 90);
  EXPECT_EQ(pairs_needed(0.5), 34);
  EXPECT_EQ(pairs_needed(0.8), 15);
  EXPECT_EQ(pairs_needed(1.0), 10);
}

TEST(Power, IsTheLevelWhereThereIsNoEffect) {
  EXPECT_NEAR(paired_power(2, 0), 0.05, 1e-9);
  EXPECT_NEAR(paired_power(10, 0), 0.05, 1e-9);
  EXPECT_EQ(paired_power(1, 5), 0);
}

TEST(Power, IsTheSameWhicheverSideTheDifferenceIsOn) {
  EXPECT_DOUBLE_EQ(paired_power(10, 0.7), paired_power(10, -0.7));
}

TEST(Power, GoesOverIntoTheNormalApproximation) {
  EXPECT_NEAR(static_cast<double>(pairs_needed(0.0890)), static_cast<double>(pairs_needed(0.0880)), 30);
  EXPECT_EQ(pairs_needed(0.01), 78489);  // (1.959964 + 0.841621)^2 / 0.01^2
  EXPECT_NEAR(effect_resolved(1000), effect_resolved(1001), 2e-4);
}

TEST(Power, ResolvesWithTheseNoLess) {
  EXPECT_NEAR(paired_power(12, effect_resolved(12)), 0.8, 1e-9);
  EXPECT_LT(effect_resolved(10), 1.0);
  EXPECT_GT(effect_resolved(9), 1.0);
}

TEST(Detection, TakesTheSpreadThatWasSeen) {
  PairedDifference narrow, wide, once;
  narrow.arm = "narrow", narrow.n = narrow.repeats = 5, narrow.sd = 0.01, narrow.p = 0.5;
  wide.arm = "wide", wide.n = wide.repeats = 5, wide.sd = 0.02, wide.p = 0.5;
  once.arm = "once", once.n = once.repeats = 1;
  // Pooled: sqrt((1 + 4) / 2) = 1.58 points: an effect of 0.632, 22 pairs; the widest: 0.5, 34 pairs.
  const std::string text = detection_text(1.0, std::nullopt, {narrow, wide, once}, 10);
  EXPECT_THAT(text, HasSubstr("pooled over 2 arms           1.58            22"));
  EXPECT_THAT(text, HasSubstr("widest: wide          2.00            34"));
  EXPECT_THAT(text, HasSubstr("10 planned"));
}

TEST(Detection, AsksForASpreadWhereNoneWasSeen) {
  try {
    detection_text(1.0, std::nullopt, {}, 10);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), HasSubstr("--assume-sd"));
  }
  EXPECT_THAT(detection_text(1.0, 1.0, {}, 0), HasSubstr("10"));
}

}  // namespace
}  // namespace cambium::test
