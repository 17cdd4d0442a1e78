#include "engine/train/frozen_statistics.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <numeric>

#include "engine/data/selection.h"
#include "engine/tiny.h"
#include "weights/torch/tensor_file.h"

/// What batch norm goes by in layers that are drawn and frozen.
namespace cambium::test {
namespace {

TransferPlan control(std::size_t cut) {
  TransferPlan plan = scratch();
  for (std::size_t l = 0; l < cut; ++l) plan.phases[0].layers[l] = frozen();
  return plan;
}

/// A model at its start, and all training images as it is fed them.
class FrozenStatistics : public ::testing::Test {
 protected:
  FrozenStatistics() : data_(dataset_, settings(data_schema(), {})), model_(std::make_unique<TinyBackbone>(0.3), 3) {
    how_.mean = {0.4};
    how_.std = {0.3};
    std::vector<std::int64_t> all(static_cast<std::size_t>(kImages));
    std::iota(all.begin(), all.end(), 0);
    images_.emplace(data_, Split::Train, all, how_);
    x_ = images_->inputs(all);
  }
  void start(const TransferPlan& plan) {
    model_.initialise(plan, nullptr, 1);
    fill_frozen_statistics(model_, plan, *images_);
  }
  static constexpr std::int64_t kImages = 300;  // two batches, of which the second is smaller
  TinyDataset dataset_{{kImages, 0, 0}};
  SealedDataset data_;
  Preprocessing how_;
  std::optional<Images> images_;
  Model model_;
  at::Tensor x_;
};

TEST_F(FrozenStatistics, AreThoseOfWhatEachNormSees) {
  const at::NoGradGuard no_grad;
  start(control(2));
  const TensorMap state = model_.state();
  // Worked out by hand: what the convolution gives, over all images and places; the variance batch by batch.
  const auto of_batches = [&](const at::Tensor& maps, const std::string& name, double tolerance) {
    const at::Tensor y = maps.to(at::kDouble);
    const std::int64_t first = std::int64_t(batch_of(images_->shape()));
    ASSERT_LT(first, kImages);
    at::Tensor mean = at::zeros({y.size(1)}, at::kDouble), variance = mean.clone();
    for (const auto& part : {y.narrow(0, 0, first), y.narrow(0, first, kImages - first)}) {
      const double share = double(part.size(0)) / double(kImages);
      mean += part.mean({0, 2, 3}) * share;
      variance += part.var({0, 2, 3}, true) * share;
    }
    EXPECT_TRUE(at::allclose(state.at(name + ".bn.running_mean").to(at::kDouble), mean, tolerance, tolerance)) << name;
    EXPECT_TRUE(at::allclose(state.at(name + ".bn.running_var").to(at::kDouble), variance, tolerance, tolerance))
        << name;
  };
  const auto convolved = [&](const at::Tensor& x, const std::string& name) {
    return at::conv2d(x, state.at(name + ".conv.weight"), state.at(name + ".conv.bias"), 1, 1);
  };
  of_batches(convolved(x_, "conv1"), "conv1", 1e-4);
  // The second sees the first's output as it is while the pass runs: normalised by its batch.
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : at::split(x_, std::int64_t(batch_of(images_->shape())))) {
    const at::Tensor y = convolved(part, "conv1");
    parts.push_back(at::max_pool2d(at::batch_norm(y, {}, {}, {}, {}, true, 0, 1e-5, false).relu(), 2));
  }
  of_batches(convolved(at::cat(parts), "conv2"), "conv2", 1e-3);
}

TEST_F(FrozenStatistics, StayAsTheyAreInLayersThatLearnOrComeFromASource) {
  start(control(1));
  EXPECT_EQ(model_.state().at("conv2.bn.running_mean").abs().max().item<double>(), 0) << "it learns, and follows";
  EXPECT_GT(model_.state().at("conv1.bn.running_mean").abs().max().item<double>(), 0);

  TensorMap source;
  for (const auto& [name, tensor] : model_.state()) source[name] = tensor.clone();
  source["conv1.bn.running_mean"].fill_(5);
  TransferPlan plan = control(1);
  plan.weights[0] = Weights::Source;
  model_.initialise(plan, &source, 1);
  fill_frozen_statistics(model_, plan, *images_);
  EXPECT_TRUE(at::equal(model_.state().at("conv1.bn.running_mean"), source["conv1.bn.running_mean"]));
}

TEST_F(FrozenStatistics, AreFilledBeforeTrainingAndHeldThroughIt) {
  Bench bench({{"epochs", std::int64_t(0)}}, {}, control(2)), trained({}, {}, control(2));
  bench.run();
  trained.run();
  const TensorMap start = read_weights(bench.weights("last")).tensors,
                  end = read_weights(trained.weights("last")).tensors;
  for (const char* name :
       {"conv1.bn.running_mean", "conv1.bn.running_var", "conv2.bn.running_mean", "conv2.bn.running_var"})
    EXPECT_TRUE(at::equal(start.at(name), end.at(name))) << name;
  EXPECT_GT(start.at("conv1.bn.running_mean").abs().max().item<double>(), 0);
  EXPECT_FALSE(at::equal(start.at("fc3.weight"), end.at("fc3.weight")));
}

}  // namespace
}  // namespace cambium::test
