#include "engine/data/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "cambium/error.h"
#include "cambium/random.h"
#include "protocol/messages.h"
#include "protocol/selected.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kClasses = {"ant", "bee", "cat"};

/// `counts` images a class, class after class.
std::vector<std::int64_t> labels(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> result;
  for (std::size_t c = 0; c < counts.size(); ++c) result.insert(result.end(), std::size_t(counts[c]), std::int64_t(c));
  return result;
}

using Overrides = std::map<std::string, ParamValue>;

Params settings(Overrides values) { return typed(Params(std::move(values)), data_schema()); }

std::vector<std::int64_t> per_class(const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& of) {
  std::vector<std::int64_t> counts(kClasses.size());
  for (std::int64_t i : indices) ++counts[std::size_t(of[std::size_t(i)])];
  return counts;
}

TEST(Selection, TakesEverythingUnlessTold) {
  const auto all = labels({5, 6, 7});
  const Selection selection = select_images(all, 0, kClasses, settings({}), 0);
  EXPECT_EQ(selection.train.size(), 18u);
  EXPECT_TRUE(selection.validation.empty());
}

TEST(Selection, HasExactCountsAndDisjointParts) {
  const auto all = labels({40, 50, 61});
  const Selection selection =
      select_images(all, 9, kClasses, settings({{"per_class", std::int64_t{10}}, {"validation", 0.1}}), 3);
  EXPECT_EQ(per_class(selection.train, all), (std::vector<std::int64_t>{10, 10, 10}));
  EXPECT_EQ(per_class(selection.validation, all), (std::vector<std::int64_t>{4, 5, 6}));  // a tenth, to the nearest
  EXPECT_FALSE(selection.validation_split);
  std::set<std::int64_t> both(selection.train.begin(), selection.train.end());
  both.insert(selection.validation.begin(), selection.validation.end());
  EXPECT_EQ(both.size(), 45u);
}

TEST(Selection, HoldsOutAtLeastOneOfAClass) {
  const auto all = labels({3, 30, 30});
  EXPECT_EQ(per_class(select_images(all, 0, kClasses, settings({{"validation", 0.01}}), 0).validation, all),
            (std::vector<std::int64_t>{1, 1, 1}));
}

TEST(Selection, HoldsOutANumberOfImagesAClass) {
  const auto all = labels({10, 12, 14});
  const Selection selection = select_images(all, 0, kClasses, settings({{"validation_per_class", std::int64_t{4}}}), 0);
  EXPECT_EQ(per_class(selection.validation, all), (std::vector<std::int64_t>{4, 4, 4}));
  EXPECT_EQ(per_class(selection.train, all), (std::vector<std::int64_t>{6, 8, 10}));
}

TEST(Selection, UsesTheValidationSplitWholeWhereNothingIsHeldOut) {
  const auto all = labels({5, 5, 5});
  const Selection selection = select_images(all, 4, kClasses, settings({}), 0);
  EXPECT_TRUE(selection.validation_split);
  EXPECT_EQ(selection.validation, (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(selection.train.size(), 15u);
}

TEST(Selection, GivesAClassTheSameDrawWhateverTheOthersAre) {
  const auto few = labels({50, 20, 20}), many = labels({50, 80, 90});
  const Params ten = settings({{"per_class", std::int64_t{10}}, {"validation", 0.2}});
  const Selection a = select_images(few, 0, kClasses, ten, 5), b = select_images(many, 0, kClasses, ten, 5);
  for (const auto part : {&Selection::train, &Selection::validation}) {
    EXPECT_EQ(std::vector(std::begin(a.*part), std::begin(a.*part) + 10),
              std::vector(std::begin(b.*part), std::begin(b.*part) + 10));
  }
}

TEST(Selection, KeepsFewerImagesAPartOfMoreAndTheValidationTheSame) {
  const auto all = labels({50, 50, 50});
  const auto of = [&](std::int64_t n) {
    return select_images(all, 0, kClasses, settings({{"per_class", n}, {"validation", 0.2}}), 5);
  };
  const Selection few = of(5), many = of(20);
  EXPECT_TRUE(std::includes(many.train.begin(), many.train.end(), few.train.begin(), few.train.end()));
  EXPECT_EQ(few.validation, many.validation);
}

TEST(Selection, DependsOnTheSeed) {
  const auto all = labels({50, 50, 50});
  const Params ten = settings({{"per_class", std::int64_t{10}}});
  const auto train = [&](std::uint64_t seed) { return select_images(all, 0, kClasses, ten, seed).train; };
  EXPECT_EQ(train(0), train(0));
  EXPECT_NE(train(0), train(1));
}

TEST(Selection, TakesAFractionOfEachClass) {
  const auto all = labels({40, 50, 61});
  const Selection selection = select_images(all, 0, kClasses, settings({{"fraction", 0.1}}), 0);
  EXPECT_EQ(per_class(selection.train, all), (std::vector<std::int64_t>{4, 5, 6}));
}

TEST(Selection, SpreadsANumberInProportion) {
  const auto all = labels({100, 200, 300});
  const Selection selection = select_images(all, 0, kClasses, settings({{"images", std::int64_t{61}}}), 0);
  EXPECT_EQ(per_class(selection.train, all), (std::vector<std::int64_t>{10, 20, 31}));  // 10.17, 20.33, 30.5
}

TEST(Selection, SpreadsExactlyANumberHoweverUnevenTheClassesAre) {
  const auto spread = [](const std::vector<std::int64_t>& there, std::int64_t total, const Overrides& more = {}) {
    std::vector<std::string> classes;
    for (std::size_t c = 0; c < there.size(); ++c) classes.push_back("c" + std::to_string(c));
    Overrides values = {{"images", total}};
    values.insert(more.begin(), more.end());
    std::vector<std::int64_t> counts;
    for (const ClassShare& share : class_shares(settings(values), classes, there)) counts.push_back(share.train);
    return counts;
  };
  const std::vector<std::int64_t> tail = {1000, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  EXPECT_EQ(spread(tail, 10), std::vector<std::int64_t>(10, 1));
  EXPECT_EQ(spread(tail, 18), (std::vector<std::int64_t>{9, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(spread({10, 10, 10}, 10), (std::vector<std::int64_t>{4, 3, 3}));
  EXPECT_EQ(spread({90, 9, 1}, 10), (std::vector<std::int64_t>{8, 1, 1}));
  // Of what validation leaves over: 900 and 4.
  EXPECT_EQ(spread({1000, 5}, 904, {{"validation", 0.1}}), (std::vector<std::int64_t>{900, 4}));
  RandomStream random(1, "counts");
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> there;
    for (int c = 0; c < 7; ++c) there.push_back(1 + std::int64_t(random.below(round % 2 ? 1000 : 8)));
    const auto all = std::accumulate(there.begin(), there.end(), std::int64_t{0});
    const std::int64_t total = 7 + std::int64_t(random.below(std::uint64_t(all - 6)));
    const auto counts = spread(there, total);
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), total);
    for (std::size_t c = 0; c < counts.size(); ++c) {
      EXPECT_GE(counts[c], 1);
      EXPECT_LE(counts[c], there[c]);
      EXPECT_LT(double(counts[c]), std::max(1.0, double(total) * double(there[c]) / double(all)) + 1);
    }
  }
}

std::string refusal(const std::vector<std::int64_t>& of, std::map<std::string, ParamValue> values) {
  try {
    select_images(of, 0, kClasses, settings(std::move(values)), 0);
  } catch (const Error& error) {
    EXPECT_FALSE(error.hint().empty());
    return error.message();
  }
  return "";
}

TEST(Selection, NamesAClassThatHasTooFew) {
  EXPECT_EQ(refusal(labels({50, 9, 50}), {{"per_class", std::int64_t{10}}}),
            "per_class: class bee has 9 training images, and 10 are asked for");
  EXPECT_EQ(refusal(labels({50, 50, 10}), {{"per_class", std::int64_t{9}}, {"validation", 0.2}}),
            "per_class: class cat has 10 training images, and 11 are asked for");
}

TEST(Selection, LeavesEveryClassSomethingToTrainOn) {
  EXPECT_EQ(refusal(labels({1, 9, 9}), {{"validation", 0.5}}),
            "validation: class ant has 1 training images, and 2 are asked for");
}

TEST(Selection, RefusesTwoWaysToHoldOut) {
  EXPECT_THAT(refusal(labels({9, 9, 9}), {{"validation", 0.5}, {"validation_per_class", std::int64_t{1}}}),
              HasSubstr("both"));
}

TEST(Selection, RefusesALabelWithoutAClass) {
  EXPECT_THAT(refusal({0, 1, 2, 3}, {}), HasSubstr("image 3 has the label 3"));
}

}  // namespace
}  // namespace cambium
