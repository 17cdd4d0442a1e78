#include "engine/model/model.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>

#include <set>

#include "cambium/error.h"
#include "engine/tiny.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Model fresh(std::uint64_t seed = 1, std::int64_t classes = 3) {
  Model model(std::make_unique<TinyBackbone>(), classes);
  model.initialise(scratch(), nullptr, seed);
  return model;
}

TransferPlan plan_with(std::vector<Weights> weights) { return {std::move(weights), scratch().phases, 0}; }

Phase phase_with(std::vector<Trainable> trainable) {
  Phase phase;
  for (Trainable t : trainable) phase.layers.push_back({.trainable = t});
  return phase;
}

TEST(Initialisation, DependsOnTheSeedAndTheNameAlone) {
  EXPECT_EQ(hashes(fresh(1).state()), hashes(fresh(1).state()));
  const auto one = hashes(fresh(1).state()), two = hashes(fresh(2).state());
  for (const char* name :
       {"conv1.conv.weight", "conv2.conv.weight", "fc3.weight", "fc3.bias", "head.weight", "head.bias"})
    EXPECT_NE(one.at(name), two.at(name)) << name;
  // A layer taken over leaves the ones after it as they would have been.
  const TensorMap source = fresh(9).state();
  Model mixed(std::make_unique<TinyBackbone>(), 3);
  mixed.initialise(plan_with({Weights::Source, Weights::Fresh, Weights::Fresh}), &source, 1);
  EXPECT_NE(hashes(mixed.state()).at("conv1.conv.weight"), one.at("conv1.conv.weight"));
  EXPECT_EQ(hashes(mixed.state()).at("conv2.conv.weight"), one.at("conv2.conv.weight"));
}

TEST(Initialisation, GivesEveryArmOfASeedTheSameHead) {
  const TensorMap source = fresh(9).state();
  const std::string expected = hashes(fresh(4).state()).at("head.weight");
  for (Weights weights : {Weights::Fresh, Weights::Source, Weights::Statistics}) {
    Model model(std::make_unique<TinyBackbone>(), 3);
    model.initialise(plan_of(weights, {}), &source, 4);
    EXPECT_EQ(hashes(model.state()).at("head.weight"), expected);
  }
}

TEST(Initialisation, StartsTheHeadWithinTorchsBounds) {
  const TensorMap state = fresh(3).state();
  const double bound = 1 / std::sqrt(8.0);
  for (const char* name : {"head.weight", "head.bias"}) {
    EXPECT_LE(state.at(name).abs().max().item<double>(), bound);
    EXPECT_GT(state.at(name).abs().max().item<double>(), bound / 4);
  }
}

TEST(Initialisation, DrawsTheHeadFromItsOwnStreamInItsOwnOrder) {
  const TensorMap state = fresh(4).state();
  RandomStream heads(4, "head");
  for (const char* name : {"head.weight", "head.bias"}) {
    RandomStream stream(heads.next(), "head");
    const at::Tensor drawn = state.at(name).flatten();
    for (std::int64_t i = 0; i < drawn.numel(); ++i)
      ASSERT_EQ(drawn[i].item<float>(), float(stream.uniform(-1 / std::sqrt(8.0), 1 / std::sqrt(8.0)))) << name << i;
  }
}

TEST(Initialisation, TakesTheHeadFromTheSourceWhereThePlanSaysSo) {
  TransferPlan plan = scratch();
  plan.head = Weights::Source;
  EXPECT_TRUE(plan.needs_source());
  const TensorMap source = fresh(9).state();
  Model model(std::make_unique<TinyBackbone>(), 3);
  model.initialise(plan, &source, 4);
  const auto mine = hashes(model.state()), theirs = hashes(source), drawn = hashes(fresh(4).state());
  for (const char* name : {"head.weight", "head.bias"}) EXPECT_EQ(mine.at(name), theirs.at(name));
  EXPECT_EQ(mine.at("conv1.conv.weight"), drawn.at("conv1.conv.weight"));

  Model other(std::make_unique<TinyBackbone>(), 5);
  try {
    other.initialise(plan, &source, 4);
    ADD_FAILURE() << "a head of 3 classes went into one of 5";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("head.weight is [3, 8], and [5, 8] is wanted"));
    EXPECT_THAT(error.hint(), HasSubstr("as many classes"));
  }
}

TEST(Initialisation, TakesParametersAndBuffersFromTheSource) {
  TensorMap source = fresh(9).state();
  source["conv1.bn.running_mean"] = at::ones({4}) * 5;
  Model model(std::make_unique<TinyBackbone>(), 5);  // other classes: only the head may be missing
  source.erase("head.weight");
  source.erase("head.bias");
  model.initialise(plan_of(Weights::Source, {}), &source, 1);
  const auto mine = hashes(model.state());
  for (const auto& [name, hash] : hashes(source)) EXPECT_EQ(mine.at(name), hash) << name;
}

TEST(Initialisation, DrawsAnewWithTheSourcesStatistics) {
  TensorMap source = fresh(9).state();
  source["fc3.weight"] = at::ones({8, 24}) * 2;
  source["fc3.weight"].narrow(0, 0, 4).fill_(4);  // mean 3, deviation 1
  Model model(std::make_unique<TinyBackbone>(), 3);
  model.initialise(plan_with({Weights::Fresh, Weights::Fresh, Weights::Statistics}), &source, 1);
  const at::Tensor drawn = model.state().at("fc3.weight");
  EXPECT_NEAR(drawn.mean().item<double>(), 3, 4 / std::sqrt(192.0));
  EXPECT_NEAR(drawn.std().item<double>(), 1, 4 / std::sqrt(2 * 192.0));
  EXPECT_FALSE(at::equal(drawn, source["fc3.weight"]));
}

TEST(Initialisation, NamesEveryTensorThatDoesNotFit) {
  TensorMap source = fresh(9).state();
  source.erase("conv1.bn.running_var");
  source["conv2.conv.weight"] = at::ones({6, 5, 3, 3});
  source["conv2.extra"] = at::ones({1});
  const auto refusal = [&](const TransferPlan& plan) -> std::string {
    Model model(std::make_unique<TinyBackbone>(), 3);
    try {
      model.initialise(plan, &source, 1);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Data);
      return error.message();
    }
    return "none";
  };
  const std::string all = refusal(plan_of(Weights::Source, {}));
  EXPECT_THAT(all, HasSubstr("conv1.bn.running_var is missing"));
  EXPECT_THAT(all, HasSubstr("conv2.conv.weight is [6, 5, 3, 3], and [6, 4, 3, 3] is wanted"));
  EXPECT_THAT(all, HasSubstr("conv2.extra is unknown"));
  const std::string first = refusal(plan_with({Weights::Source, Weights::Fresh, Weights::Fresh}));
  EXPECT_THAT(first, HasSubstr("conv1.bn.running_var is missing"));
  EXPECT_THAT(first, Not(HasSubstr("conv2"))) << "layers that are not taken over need not fit";
  EXPECT_EQ(refusal(plan_with({Weights::Fresh, Weights::Fresh, Weights::Source})), "none");
}

TEST(Initialisation, LeavesAloneWhatBelongsToNoLayerTakenOver) {
  const auto refusal = [&](const TransferPlan& plan, const std::string& extra) -> std::string {
    TensorMap source = fresh(9).state();
    source[extra] = at::ones({1});
    Model model(std::make_unique<TinyBackbone>(), 3);
    try {
      model.initialise(plan, &source, 1);
    } catch (const Error& error) {
      return error.message();
    }
    return "none";
  };
  const TransferPlan all = plan_of(Weights::Source, {});
  for (const char* beside : {"decoder.0.weight", "mask_token", "pre_logits.fc.weight", "classifier.weight", "aux.bias"})
    EXPECT_EQ(refusal(all, beside), "none") << beside;
  EXPECT_EQ(refusal(all, "head.1.weight"), "none") << "of the head, which is new";
  EXPECT_THAT(refusal(all, "conv2.extra"), HasSubstr("conv2.extra is unknown"));
  EXPECT_THAT(refusal(all, "conv3.conv.weight"), HasSubstr("unknown")) << "one more of a row that is taken over";
  TransferPlan head = all;
  head.head = Weights::Source;
  EXPECT_THAT(refusal(head, "head.1.weight"), HasSubstr("head.1.weight is unknown"));
}

TEST(Groups, AreTheDisjointUnionOfWhatLearns) {
  for (Trainable first : {Trainable::None, Trainable::All, Trainable::Norm, Trainable::Bias})
    for (Trainable last : {Trainable::None, Trainable::All, Trainable::Norm, Trainable::Bias}) {
      Model model = fresh();
      const Phase phase = phase_with({first, Trainable::All, last});
      model.begin_phase(phase);
      std::set<std::string> grouped, learning;
      for (const ParameterGroup& group : model.groups(phase, 0.1))
        for (const auto& [name, value] : group.parameters)
          EXPECT_TRUE(grouped.insert(name).second) << name << " is in two groups";
      for (const auto& [name, value] : model.state())
        if (value.requires_grad()) learning.insert(name);
      EXPECT_EQ(grouped, learning);
    }
}

TEST(Groups, HaveTheLayersRateAndDecay) {
  Model model = fresh();
  Phase phase = phase_with({Trainable::None, Trainable::Norm, Trainable::Bias});
  phase.layers[1].rate = 0.1;
  phase.layers[2].weight_decay = 0.0;
  const auto groups = model.groups(phase, 0.01);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].rate, 0.1);
  EXPECT_EQ(groups[0].weight_decay, 0.01);
  ASSERT_EQ(groups[0].parameters.size(), 2u);
  EXPECT_EQ(groups[0].parameters[0].first, "conv2.bn.weight");
  EXPECT_EQ(groups[0].parameters[1].first, "conv2.bn.bias");
  EXPECT_EQ(groups[1].weight_decay, 0);
  ASSERT_EQ(groups[1].parameters.size(), 1u);
  EXPECT_EQ(groups[1].parameters[0].first, "fc3.bias");
  EXPECT_EQ(groups[2].parameters[0].first, "head.weight");
}

TEST(Counts, AreThoseOfTheFormula) {
  const Model model = fresh();
  EXPECT_EQ(model.total_parameters(), 48 + 234 + 200 + 3 * 8 + 3);
  EXPECT_EQ(model.trainable_parameters(scratch()), model.total_parameters());
  EXPECT_EQ(model.trainable_parameters(plan_of(Weights::Source, frozen())), 27);
  TransferPlan unfreezing = plan_of(Weights::Source, frozen());
  unfreezing.phases.push_back({2, {frozen(), {.trainable = Trainable::Norm}, {}}, {}});
  EXPECT_EQ(model.trainable_parameters(unfreezing), 27 + 12 + 200);  // in any phase
}

TEST(FrozenPrefix, IsWhatNoPhaseEverMoves) {
  EXPECT_EQ(frozen_prefix(scratch()), 0u);
  TransferPlan plan = plan_of(Weights::Source, frozen());
  EXPECT_EQ(frozen_prefix(plan), 3u);
  plan.phases.push_back({1, {frozen(), frozen(), {}}, {}});
  EXPECT_EQ(frozen_prefix(plan), 2u);
  plan.phases.push_back({2, {frozen(), frozen(FrozenMode::Train), {}}, {}});
  EXPECT_EQ(frozen_prefix(plan), 1u);
}

/// Two layers whose tensors are called the same.
class Ambiguous : public Backbone {
 public:
  Ambiguous() {
    add_layer_as<Dense>("one", "fc.", 64, 8);
    add_layer_as<Dense>("two", "fc.", 8, 8);
    set_feature_width(8);
  }
};

/// A network that ends in maps, with dropout and a convolution for a head, as SqueezeNet has it.
class Mapped : public Backbone {
 public:
  Mapped() {
    add_layer<Block>("conv1", 1, 4, 0.0);
    set_feature_width(4);
  }
  std::string head_name() const override { return "classifier"; }
  std::unique_ptr<Module> make_head(std::int64_t classes) const override {
    auto head = std::make_unique<nn::Sequential>();
    head->add<nn::Dropout>("0", 0.5)
        .add<nn::Conv2d>("1", 4, classes, nn::ConvOptions{.kernel = 1})
        .add<nn::GlobalAveragePool>("3");
    return head;
  }
};

TEST(Head, OfABackboneGetsTheLastLayersMaps) {
  Model model(std::make_unique<Mapped>(), 3);
  TransferPlan plan{{Weights::Fresh}, {{0, {LayerPlan{}}, LayerPlan{}}}, 0};
  model.initialise(plan, nullptr, 1);
  EXPECT_EQ(model.state().count("classifier.1.weight"), 1u);
  EXPECT_EQ(model.total_parameters(), 48 + 3 * 4 + 3);
  model.eval();
  const at::Tensor x = at::randn({2, 1, 8, 8}), maps = model.features(x, 1);
  EXPECT_EQ(maps.sizes(), at::IntArrayRef({2, 4, 4, 4}));
  EXPECT_EQ(pooled(maps).sizes(), at::IntArrayRef({2, 4}));
  // A 1x1 convolution and then the mean is the mean and then a matrix.
  const at::Tensor expected = pooled(maps).matmul(model.state().at("classifier.1.weight").flatten(1).t()) +
                              model.state().at("classifier.1.bias");
  EXPECT_TRUE(model.forward(x).allclose(expected, 1e-5, 1e-6));
}

TEST(Head, DropsOnlyWhileItLearns) {
  Model model(std::make_unique<Mapped>(), 3);
  TransferPlan plan{{Weights::Fresh}, {{0, {frozen()}, LayerPlan{}}, {1, {frozen()}, frozen()}}, 0};
  model.initialise(plan, nullptr, 1);
  const at::Tensor x = at::randn({2, 1, 8, 8});
  model.begin_phase(plan.phases[0]);
  model.train();
  EXPECT_FALSE(model.forward(x).equal(model.forward(x)));
  model.begin_phase(plan.phases[1]);
  EXPECT_TRUE(model.forward(x).equal(model.forward(x)));
  model.begin_phase(plan.phases[0]);
  model.eval();
  EXPECT_TRUE(model.forward(x).equal(model.forward(x)));
}

TEST(Model, RefusesABackboneWithTwoTensorsOfOneName) { EXPECT_THROW(Model(std::make_unique<Ambiguous>(), 3), Error); }

}  // namespace
}  // namespace cambium::test
