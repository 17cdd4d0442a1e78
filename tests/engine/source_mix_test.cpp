#include "engine/train/source_mix.h"

#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>

#include <set>

#include "cambium/error.h"
#include "engine/tiny.h"
#include "weights/torch/tensor_file.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

TransferPlan mixing(double share) {
  TransferPlan plan = plan_of(Weights::Source, {});
  plan.source_share = share;
  return plan;
}

SourceData source_data(Overrides data = {}, std::uint64_t seed = 7) {
  return {{"tiny", {}}, settings(data_schema(), data), seed};
}

/// A network trained on a source, and a cell that starts from it on other data: few images of much noise, whose labels
/// stand for other things.
class SourceMixing : public ::testing::Test {
 protected:
  SourceMixing() {
    source_.dataset = source_images_;
    source_.run();
  }
  void prepare(Bench& bench) const {
    bench.job.source = WeightsRef{source_.weights("last"), ""};
    bench.job.source_data = source_data();
    bench.source_dataset = source_images_;
    bench.dataset = std::make_shared<TinyDataset>(TinyDataset::Sizes{30, 0, 30}, 200);
  }
  std::shared_ptr<TinyDataset> source_images_ = std::make_shared<TinyDataset>(TinyDataset::Sizes{60, 0, 60});
  Bench source_{{{"epochs", std::int64_t(8)}}};
};

TEST_F(SourceMixing, TellsTheSourcesAccuracyBeforeAndAfter) {
  Bench bench({{"epochs", std::int64_t(6)}}, {}, mixing(0.5));
  prepare(bench);
  bench.run();
  const Json end = bench.finished();
  EXPECT_EQ(end.at("source_test_accuracy_before"), source_.finished().at("test_accuracy"));
  EXPECT_GT(end.at("source_test_accuracy").get<double>(), 0.8) << "it was not forgotten";
  const auto epochs = bench.metrics();
  EXPECT_TRUE(epochs.front().contains("source_train_loss"));
  EXPECT_LT(epochs[5].at("source_train_loss").get<double>(), 0.5);
}

TEST_F(SourceMixing, ReadsTheSourcesTestSplitWhenTrainingIsOver) {
  Bench bench({}, {}, mixing(0.25));
  prepare(bench);
  int epochs = 0, looks = 0;
  bench.strategy->on_epoch = [&](std::int64_t, const Metrics&) { ++epochs; };
  source_images_->on_test = [&] {
    ++looks;
    EXPECT_EQ(epochs, 4);
  };
  bench.run();
  EXPECT_GT(looks, 0);
}

TEST_F(SourceMixing, KeepsTheTargetsStepsAndGoesOnToTheSameNumbers) {
  const auto make = [&](Bench& bench) {
    prepare(bench);
    bench.job.train_settings = settings(train_schema(), {{"epochs", std::int64_t(4)}, {"momentum", 0.9}, {"lr", 0.05}});
  };
  Bench whole({}, {}, mixing(0.3)), broken({}, {}, mixing(0.3)), resumed({}, {}, mixing(0.3));
  make(whole);
  whole.run();
  make(broken);
  broken.strategy->on_epoch = [](std::int64_t epoch, const Metrics&) {
    if (epoch == 3) throw std::runtime_error("pulled the plug");
  };
  EXPECT_THROW(broken.run(), std::runtime_error);
  make(resumed);
  resumed.job.checkpoint = broken.job.checkpoint;
  resumed.run();
  EXPECT_EQ(resumed.events().front().at("resumed_epoch"), 2);
  EXPECT_EQ(resumed.metrics(), whole.metrics());
}

TEST_F(SourceMixing, FollowsTheSeedAndTheSource) {
  const auto end = [&](std::uint64_t source_seed) {
    Bench bench({}, {}, mixing(0.3));
    prepare(bench);
    bench.job.source_data = source_data({{"per_class", std::int64_t(5)}}, source_seed);
    bench.run();
    return bench.metrics();
  };
  EXPECT_EQ(end(7), end(7));
  EXPECT_NE(end(7), end(8)) << "the images that the source was trained on are drawn by its seed";
}

TEST_F(SourceMixing, RefusesToGoWithoutTheSourcesDataOrHead) {
  Bench bench({}, {}, mixing(0.3));
  prepare(bench);
  bench.job.source_data.reset();
  EXPECT_THROW(bench.run(), Error);

  TensorFile weights = read_weights(source_.weights("last"));
  weights.tensors.erase("head.bias");
  Bench headless({}, {}, mixing(0.3));
  prepare(headless);
  headless.job.source->path = headless.folder.path() / "headless.safetensors";
  write_safetensors(headless.job.source->path, weights);
  try {
    headless.run();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("head.bias"));
  }
}

TEST_F(SourceMixing, MeetsTheShareAndGoesThroughTheSourceOnceBeforeItBeginsAgain) {
  Model model(std::make_unique<TinyBackbone>(), 3);
  const TensorMap weights = read_weights(source_.weights("last")).tensors;
  for (const auto& [share, count] :
       {std::pair{0.25, 10}, std::pair{0.5, 30}, std::pair{0.75, 90}, std::pair{0.001, 1}}) {
    SourceMix mix(source_data(), source_images_, model, weights, share);
    EXPECT_EQ(mix.next(30, 1, 0).labels.size(0), count) << share;
  }
  SourceMix mix(source_data(), source_images_, model, weights, 0.5);
  const auto round = [](SourceMix& from) {
    std::vector<double> seen;
    for (int i = 0; i < 3; ++i) {
      const auto batch = from.next(20, 1, 4);
      for (std::int64_t k = 0; k < 20; ++k) seen.push_back(batch.inputs[k].sum().item<double>());
    }
    return seen;
  };
  const auto first = round(mix), second = round(mix);
  EXPECT_EQ(std::set<double>(first.begin(), first.end()).size(), 60u);
  EXPECT_EQ(std::set<double>(first.begin(), first.end()), std::set<double>(second.begin(), second.end()));
  EXPECT_NE(first, second) << "each round has an order of its own";
}

TEST_F(SourceMixing, AugmentsAnImageAnewEachTimeThatItComesInAnEpoch) {
  Model model(std::make_unique<TinyBackbone>(), 3);
  const TensorMap weights = read_weights(source_.weights("last")).tensors;
  SourceMix mix(source_data({{"crop", std::int64_t(2)}, {"flip", true}}), source_images_, model, weights, 0.75);
  const auto batch = mix.next(40, 1, 0);  // 120: all 60, twice
  std::set<double> different;
  for (std::int64_t i = 0; i < 120; ++i) different.insert(batch.inputs[i].square().sum().item<double>());
  EXPECT_GT(different.size(), 100u) << "60 images of 50 crops and mirrorings each: few can be drawn twice alike";
  EXPECT_TRUE(batch.inputs.equal(
      SourceMix(source_data({{"crop", std::int64_t(2)}, {"flip", true}}), source_images_, model, weights, 0.75)
          .next(40, 1, 0)
          .inputs));
}

/// One step of plain SGD: the mean over all images of the mixed batch, target and source alike.
TEST_F(SourceMixing, TakesTheMeanOverAllImagesOfABatch) {
  const auto head_after = [&](double share) {
    Bench bench({{"epochs", std::int64_t(1)}, {"batch", std::int64_t(30)}, {"lr", 1.0}}, {}, mixing(share));
    prepare(bench);
    // Frozen features: the target's head then sees the same, whatever is mixed in.
    TransferPlan plan = plan_of(Weights::Source, frozen());
    plan.source_share = share;
    bench.strategy = std::make_unique<TinyStrategy>(plan);
    bench.run();
    return read_weights(bench.weights("last")).tensors.at("head.bias").clone();
  };
  Model start(std::make_unique<TinyBackbone>(), 3);
  start.initialise(scratch(), nullptr, 7);
  const at::Tensor from = start.state().at("head.bias").detach();
  const at::Tensor none = head_after(0) - from, half = head_after(0.5) - from, most = head_after(0.75) - from;
  EXPECT_LT((none * 0.5 - half).abs().max().item<double>(), 1e-6);
  EXPECT_LT((none * 0.25 - most).abs().max().item<double>(), 1e-6);
  EXPECT_GT(none.abs().max().item<double>(), 1e-3);
}

TEST(SourceData, GoesThroughJson) {
  Bench bench;
  bench.job.source_data = source_data({{"per_class", std::int64_t(5)}}, 3);
  const auto back = Json(bench.job).get<TrainJob>();
  ASSERT_TRUE(back.source_data);
  EXPECT_EQ(back.source_data->data, bench.job.source_data->data);
  EXPECT_EQ(typed(back.source_data->settings, data_schema()), bench.job.source_data->settings);
  EXPECT_EQ(back.source_data->seed, 3u);
  EXPECT_FALSE(Json(Bench().job).get<TrainJob>().source_data);
}

/// A run that diverges keeps its curve, the last point of it as it was.
TEST(Divergence, KeepsTheCurve) {
  Bench bench({{"epochs", std::int64_t(5)}});
  std::int64_t epoch = 0;
  bench.strategy->on_epoch = [&](std::int64_t done, const Metrics&) { epoch = done; };
  bench.strategy->on_penalty = [&](const TrainingStep& step) {
    return step.weights.begin()->second.sum().mul(epoch < 2 ? 0.0 : std::nan(""));
  };
  try {
    bench.run();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Diverged);
    EXPECT_THAT(error.message(), HasSubstr("epoch 3, step 1"));
  }
  std::vector<Json> losses;
  for (const Json& event : bench.events())
    if (event.at("type") == "epoch") losses.push_back(event.at("metrics").at("train_loss"));
  ASSERT_EQ(losses.size(), 3u);
  EXPECT_TRUE(losses[0].is_number() && losses[1].is_number());
  EXPECT_EQ(losses[2], "nan");
}

}  // namespace
}  // namespace cambium::test
