#include "study/axes.h"

#include <gtest/gtest.h>

#include "study/toml.h"

namespace cambium {
namespace {

std::vector<std::string> texts(const std::string& toml, Problems& problems) {
  const auto table = parse_toml("axis = " + toml, "study.toml", problems);
  std::vector<std::string> result;
  for (const Value& value : axis_values("train.lr", *table->find("axis"), problems)) result.push_back(canonical(value));
  return result;
}

std::vector<std::string> texts(const std::string& toml) {
  Problems problems;
  auto result = texts(toml, problems);
  EXPECT_FALSE(problems.has_errors());
  return result;
}

std::string error(const std::string& toml) {
  Problems problems;
  texts(toml, problems);
  return problems.sorted().empty() ? "" : problems.sorted().front().message;
}

using List = std::vector<std::string>;

TEST(Axes, ListsStandAsTheyAre) { EXPECT_EQ(texts("[3, 1, 2.5, \"x\"]"), (List{"3", "1", "2.5", "\"x\""})); }

TEST(Axes, LogSpacingIsGeometricAndMeetsTheNumbersOfALiteralList) {
  EXPECT_EQ(texts("{ log = [1e-4, 1e-2], num = 3 }"), texts("[1e-4, 1e-3, 1e-2]"));
  EXPECT_EQ(texts("{ log = [1e-6, 1], num = 7 }"), texts("[1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]"));
}

TEST(Axes, LinearSpacingIsEvenAndMeetsTheNumbersOfALiteralList) {
  EXPECT_EQ(texts("{ linear = [0, 0.3], num = 4 }"), texts("[0, 0.1, 0.2, 0.3]"));
}

TEST(Axes, RangesHoldTheirLastValue) {
  EXPECT_EQ(texts("{ range = [1, 7] }"), (List{"1", "2", "3", "4", "5", "6", "7"}));
  EXPECT_EQ(texts("{ range = [0, 10, 5] }"), (List{"0", "5", "10"}));
  EXPECT_EQ(texts("{ range = [0, 9, 5] }"), (List{"0", "5"}));
  EXPECT_EQ(texts("{ range = [3, 1, -1] }"), (List{"3", "2", "1"}));
  EXPECT_EQ(texts("{ range = [0.1, 0.3, 0.1] }"), texts("[0.1, 0.2, 0.3]"));
}

TEST(Axes, WhatIsNoAxisIsSaid) {
  EXPECT_EQ(error("[]"), "axis train.lr has no values: the grid is empty");
  EXPECT_EQ(error("0.1"), "axis train.lr is the number 0.1, not a list");
  EXPECT_EQ(error("{ log = [0, 1], num = 3 }"), "log of axis train.lr runs over positive numbers, and 0 is not one");
  EXPECT_EQ(error("{ log = [1, 2] }"), "axis train.lr does not say how many values");
  EXPECT_EQ(error("{ log = [1, 2], nums = 3 }"), "axis train.lr knows no nums");
  EXPECT_EQ(error("{ linear = [1], num = 3 }"), "linear of axis train.lr is [1], and not of the form [first, last]");
  EXPECT_EQ(error("{ range = [3, 1] }"), "range of axis train.lr holds no values");
  EXPECT_EQ(error("{ range = [1, 2, 0] }"), "range of axis train.lr holds no values");
  EXPECT_EQ(error("{ log = [1, 2], linear = [1, 2], num = 2 }"),
            "axis train.lr says more than one of log, linear and range");
}

TEST(Axes, TakeAWholeNumberHoweverItIsWritten) {
  EXPECT_EQ(texts("{ linear = [0, 1], num = 2.0 }"), texts("{ linear = [0, 1], num = 2 }"));
  EXPECT_EQ(texts("{ range = [0, 4, 2.0] }"), texts("[0, 2, 4]"));
  EXPECT_EQ(error("{ linear = [0, 1], num = 2.5 }"), "num of axis train.lr is the number 2.5");
  EXPECT_EQ(error("{ linear = [0, 1], num = \"2\" }"), "num of axis train.lr is the string \"2\"");
  EXPECT_EQ(error("{ linear = [0, 1], num = 1 }"), "num of axis train.lr is the integer 1");
}

TEST(Axes, CallDatesAndTimesWhatTheyAre) {
  EXPECT_EQ(error("2020-01-01"), "axis train.lr is the date 2020-01-01, not a list");
  EXPECT_EQ(error("{ log = [1, 07:32:00], num = 3 }"),
            "log of axis train.lr is [1, 07:32:00], and not of the form [first, last]");
  EXPECT_EQ(texts("[2020-01-01T07:32:00Z]"), (List{"2020-01-01T07:32:00Z"}));
}

TEST(Values, AreEqualByValueNotBySpelling) {
  Problems problems;
  const auto table =
      parse_toml("a = 0.1\nb = 1e-1\nc = 1\nd = 1.0\ne = {x = 1, y = 2}\nf = {y = 2.0, x = 1}", "s", problems);
  EXPECT_EQ(canonical(*table->find("a")), canonical(*table->find("b")));
  EXPECT_EQ(canonical(*table->find("c")), canonical(*table->find("d")));
  EXPECT_TRUE(same(*table->find("e"), *table->find("f")));
  EXPECT_FALSE(same(*table->find("a"), *table->find("c")));
}

}  // namespace
}  // namespace cambium
