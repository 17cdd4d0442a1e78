#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include "engine/model/model.h"
#include "engine/tiny.h"
#include "engine/train/optimizer.h"

/// Frozen means frozen: no parameter, no running statistic.
namespace cambium::test {
namespace {

/// Steps with momentum and decay on random batches, as training does them.
class Freezing : public ::testing::Test {
 protected:
  Freezing()
      : model_(std::make_unique<TinyBackbone>(0.3), 3), optimizer_(settings(train_schema(), {{"momentum", 0.9}})) {
    at::manual_seed(3);
    model_.initialise(scratch(), nullptr, 1);
  }
  void steps(const std::vector<LayerPlan>& layers, int count) {
    const Phase phase = {0, layers, {}};
    model_.begin_phase(phase);
    optimizer_.set_groups(model_.groups(phase, 0.01));
    for (int i = 0; i < count; ++i) {
      model_.train();
      at::cross_entropy_loss(model_.forward(at::randn({10, 1, 8, 8}) * 2 + 1), at::randint(3, {10}, at::kLong))
          .backward();
      optimizer_.step(0.05);
      optimizer_.zero_grad();
    }
  }
  /// The state of layers whose tensors begin with `prefix`.
  std::map<std::string, std::string> hash(const std::string& prefix) const {
    TensorMap part;
    for (const auto& [name, tensor] : model_.state())
      if (name.rfind(prefix, 0) == 0) part[name] = tensor;
    return hashes(part);
  }
  Model model_;
  Optimizer optimizer_;
};

TEST_F(Freezing, InMidRunHoldsEveryParameterAndBufferFor50Steps) {
  for (FrozenMode mode : {FrozenMode::Eval, FrozenMode::Train})
    for (int which = 0; which < 3; ++which) {  // also above layers that learn
      std::vector<LayerPlan> layers(3);
      steps(layers, 10);
      layers[std::size_t(which)] = frozen(mode);
      const std::string prefix = model_.backbone().layers()[std::size_t(which)].prefix;
      const auto before = hash(prefix), others = hash(which == 1 ? "conv1." : "conv2.");
      steps(layers, 50);
      EXPECT_EQ(hash(prefix), before) << prefix << " frozen in mode " << int(mode);
      EXPECT_NE(hash(which == 1 ? "conv1." : "conv2."), others) << "the rest learns";
    }
}

TEST_F(Freezing, OfEverythingLeavesTheHeadLearning) {
  const auto backbone = hash("conv1."), head = hash("head.");
  steps({frozen(), frozen(FrozenMode::Train), frozen()}, 20);
  EXPECT_EQ(hash("conv1."), backbone);
  EXPECT_NE(hash("head."), head);
}

TEST_F(Freezing, InEvalModeGivesEqualTapsAndInTrainModeDrops) {
  const at::Tensor x = at::randn({10, 1, 8, 8});
  const auto tap = [&] { return model_.features(x, 1); };
  model_.begin_phase({0, {frozen(), {}, {}}, {}});
  model_.train();
  EXPECT_TRUE(at::equal(tap(), tap()));
  model_.begin_phase({0, {frozen(FrozenMode::Train), {}, {}}, {}});
  EXPECT_FALSE(at::equal(tap(), tap())) << "dropout acts";
  model_.eval();
  EXPECT_TRUE(at::equal(tap(), tap()));
  model_.begin_phase({0, {{}, {}, {}}, {}});
  EXPECT_TRUE(at::equal(tap(), tap())) << "a phase that begins under evaluation does not undo it";
}

TEST_F(Freezing, InTrainModeStillGoesByTheRunningStatistics) {
  Model model(std::make_unique<TinyBackbone>(), 3);  // without dropout, the two modes are one
  model.initialise(scratch(), nullptr, 1);
  const at::Tensor x = at::randn({10, 1, 8, 8}) * 3 + 7;
  const auto logits = [&](FrozenMode mode) {
    model.begin_phase({0, {frozen(mode), frozen(mode), frozen()}, {}});
    model.train();
    return model.forward(x).detach();
  };
  const at::Tensor held = logits(FrozenMode::Train);
  EXPECT_TRUE(at::equal(held, logits(FrozenMode::Eval)));
  model.eval();
  EXPECT_TRUE(at::equal(held, model.forward(x).detach())) << "what is trained is what is tested";
}

TEST_F(Freezing, OfAllButTheNormsLetsTheirStatisticsFollow) {
  const auto before = hash("conv1.");
  steps({{.trainable = Trainable::Norm}, {}, {}}, 5);
  const auto after = hash("conv1.");
  EXPECT_EQ(after.at("conv1.conv.weight"), before.at("conv1.conv.weight"));
  EXPECT_EQ(after.at("conv1.conv.bias"), before.at("conv1.conv.bias"));
  EXPECT_NE(after.at("conv1.bn.weight"), before.at("conv1.bn.weight"));
  EXPECT_NE(after.at("conv1.bn.running_mean"), before.at("conv1.bn.running_mean"));
}

TEST_F(Freezing, IsWhatBecomesOfALayerThatHasNoneOfWhatIsToLearn) {
  const auto before = hash("fc3.");
  steps({{}, {}, {.trainable = Trainable::Norm}}, 5);
  EXPECT_EQ(hash("fc3."), before);
}

/// A layer of its own for dropout: nothing in it learns, and yet it is not frozen.
class WithDropoutLayer : public Backbone {
 public:
  WithDropoutLayer() {
    add_layer<nn::Flatten>("flat");
    add_layer<nn::Dropout>("drop", 0.5);
    set_feature_width(64);
  }
};

TEST(LayersWithoutParameters, RunAsTheirPlanSays) {
  Model model(std::make_unique<WithDropoutLayer>(), 3);
  model.initialise({{Weights::Fresh, Weights::Fresh}, {{0, {{}, {}}, {}}}, 0}, nullptr, 1);
  const at::Tensor x = at::randn({4, 1, 8, 8});
  const auto drops = [&](LayerPlan plan) {
    model.begin_phase({0, {{}, plan}, {}});
    model.train();
    return !at::equal(model.features(x, 2), model.features(x, 2));
  };
  EXPECT_TRUE(drops({}));
  EXPECT_FALSE(drops(frozen()));
  EXPECT_TRUE(drops(frozen(FrozenMode::Train)));
}

}  // namespace
}  // namespace cambium::test
