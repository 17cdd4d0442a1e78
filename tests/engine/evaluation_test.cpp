#include <gmock/gmock.h>

#include "cambium/error.h"
#include "engine/tiny.h"
#include "weights/torch/tensor_file.h"

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

TEST(Evaluation, OfClassesInAnotherOrderOrInPartGoesByTheHeadsRows) {
  Bench source;
  source.run();
  EvaluationOf turned(source);
  turned.dataset = std::make_shared<TinyDataset>(TinyDataset::Sizes{}, 60, std::vector<std::int64_t>{2, 0, 1});
  turned.job.source->head_rows = {2, 0, 1};
  turned.run();
  EXPECT_EQ(turned.finished().at("test_accuracy"), source.finished().at("test_accuracy"));
  EXPECT_NEAR(turned.finished().at("test_loss"), source.finished().at("test_loss").get<double>(), 1e-6);

  EvaluationOf part(source);
  part.job.data_settings = settings(data_schema(), {{"only", std::vector<std::string>{"right", "both"}}});
  part.job.source->head_rows = {1, 2};
  part.run();
  const TensorMap whole = read_weights(source.weights("last")).tensors,
                  kept = read_weights(part.weights("last")).tensors;
  EXPECT_TRUE(kept.at("head.weight").equal(whole.at("head.weight").narrow(0, 1, 2)));
  EXPECT_TRUE(kept.at("head.bias").equal(whole.at("head.bias").narrow(0, 1, 2)));
  EXPECT_TRUE(kept.at("fc3.weight").equal(whole.at("fc3.weight")));
  EXPECT_GT(part.finished().at("test_accuracy"), 0.5);

  EXPECT_EQ(Json(part.job).get<TrainJob>().source->head_rows, part.job.source->head_rows);

  EvaluationOf wrong(source);
  wrong.job.source->head_rows = {0, 1, 3};
  try {
    wrong.run();
    ADD_FAILURE() << "a head of three has no fourth output";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), testing::HasSubstr("is made for 3 classes"));
  }
}

}  // namespace
}  // namespace cambium::test
