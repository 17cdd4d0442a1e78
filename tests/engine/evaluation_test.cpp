#include <gmock/gmock.h>

#include "cambium/error.h"
#include "engine/tiny.h"

namespace cambium::test {
namespace {

/// All from the source, the head too, and nothing learns.
TransferPlan evaluation() {
  TransferPlan plan = plan_of(Weights::Source, frozen());
  plan.phases.front().head = frozen();
  plan.head = Weights::Source;
  return plan;
}

/// A bench of zero epochs and no other setting, from the weights that `source` trained.
struct EvaluationOf : Bench {
  explicit EvaluationOf(const Bench& source) : Bench({{"epochs", std::int64_t(0)}}, {}, evaluation()) {
    job.source = WeightsRef{source.weights("last"), {}};
  }
};

TEST(Evaluation, OfTheSameDataGivesTheSourcesTest) {
  Bench source;
  source.run();
  EvaluationOf same(source);
  same.job.seed = 99;  // nothing is drawn
  same.run();
  EXPECT_EQ(same.finished().at("test_accuracy"), source.finished().at("test_accuracy"));
  EXPECT_EQ(same.finished().at("test_loss"), source.finished().at("test_loss"));
  EXPECT_GT(source.finished().at("test_accuracy"), 0.5);
}

TEST(Evaluation, LogsItsStartAndItsEndAndNoEpoch) {
  Bench source;
  source.run();
  EvaluationOf bench(source);
  bench.run();
  const auto events = bench.events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].at("type"), "started");
  EXPECT_EQ(events[0].at("trainable"), 0);
  EXPECT_EQ(events[1].at("type"), "finished");
}

TEST(Evaluation, OfOtherDataIsOfThat) {
  Bench source;
  source.run();
  EvaluationOf other(source);
  other.dataset = std::make_shared<TinyDataset>(TinyDataset::Sizes{.train = 0, .test = 90}, 200);
  other.run();  // a data set without training images too
  EXPECT_LT(other.finished().at("test_accuracy"), source.finished().at("test_accuracy"));
}

}  // namespace
}  // namespace cambium::test
