#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <set>

#include "engine/model/model.h"
#include "engine/train/optimizer.h"
#include "strategies/strategies.h"
#include "weights/torch/tensor_file.h"

/// What holds for every built-in strategy, on a network with batch norm and dropout.
namespace cambium::test {
namespace {

constexpr std::int64_t kEpochs = 6;

struct Case {
  std::string name;
  Overrides values;
};

const std::vector<Case> kCases = {
    {"from_scratch", {}},
    {"feature_extraction", {}},
    {"full_finetuning", {{"backbone_rate", 0.1}}},
    {"partial_finetuning", {{"cut", std::int64_t{2}}}},
    {"partial_finetuning", {{"cut", std::int64_t{1}}, {"above", std::string("source")}}},
    {"partial_finetuning", {{"cut", std::int64_t{2}}, {"frozen_mode", std::string("train")}}},
    {"partial_finetuning", {{"cut", std::int64_t{2}}, {"frozen", false}}},
    {"partial_finetuning", {{"cut", std::int64_t{3}}, {"weights", std::string("random")}}},
    {"layerwise_lr", {{"rates", std::map<std::string, double>{{"conv1", 1e-4}, {"default", 1e-2}}}}},
    {"layerwise_lr", {{"by", std::string("decay")}}},
    {"gradual_unfreezing", {{"every", std::int64_t{2}}}},
    {"gradual_unfreezing", {{"by", std::string("epochs")}, {"epochs", std::vector<std::int64_t>{1, 3}}}},
    {"linear_probe_then_finetune", {{"probe_epochs", std::int64_t{2}}}},
    {"l2_sp", {}},
    {"bss", {}},
    {"norm_only", {}},
    {"bias_only", {}},
    {"source_mixing", {}},
    {"weight_transfusion", {{"layers", std::int64_t{2}}}},
    {"mean_var_init", {}},
};

/// A source whose statistics are not those that a network starts with.
TensorMap source() {
  Model model(std::make_unique<TinyBackbone>(), 3);
  model.initialise(scratch(), nullptr, 9);
  at::manual_seed(4);
  TensorMap state = model.state();
  for (auto& [name, tensor] : state)
    if (name.find("running") != std::string::npos) tensor = at::rand(tensor.sizes()) + 0.5;
  return state;
}

std::map<std::string, std::string> hash_of(const Model& model, const std::string& prefix) {
  TensorMap part;
  for (const auto& [name, tensor] : model.state())
    if (name.rfind(prefix, 0) == 0) part[name] = tensor;
  return hashes(part);
}

class EveryStrategy : public ::testing::TestWithParam<Case> {
 protected:
  EveryStrategy()
      : model_(std::make_unique<TinyBackbone>(0.3), 3),
        optimizer_(settings(train_schema(), {{"momentum", 0.9}})),
        strategy_(make(GetParam().name, GetParam().values)),
        plan_(checked_plan(*strategy_, network_facts(model_.backbone(), kEpochs))) {
    const TensorMap given = source();
    model_.initialise(plan_, &given, 1);
    begin_ = model_.state();
    for (auto& [name, tensor] : begin_) tensor = tensor.detach().clone();
    at::manual_seed(3);
  }

  const std::string& prefix(std::size_t layer) const { return model_.backbone().layers()[layer].prefix; }

  void begin(const Phase& phase) {
    model_.begin_phase(phase);
    optimizer_.set_groups(model_.groups(phase, 0.01));
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      model_.train();
      const at::Tensor features = model_.body(at::randn({10, 1, 8, 8}) * 2 + 1);
      at::Tensor loss = at::cross_entropy_loss(model_.head(features), at::randint(3, {10}, at::kLong));
      const TensorMap learning = model_.learning();
      if (const at::Tensor penalty = strategy_->penalty({learning, begin_, features}); penalty.defined())
        loss = loss + penalty;
      optimizer_.zero_grad();
      loss.backward();
      optimizer_.step(0.05);
    }
  }

  Model model_;
  Optimizer optimizer_;
  std::unique_ptr<Strategy> strategy_;
  TransferPlan plan_;
  TensorMap begin_;
};

TEST_P(EveryStrategy, HoldsWhatIsFrozenFor50StepsOfMomentumAndDecay) {
  for (const Phase& phase : plan_.phases) {
    begin(phase);
    std::vector<std::map<std::string, std::string>> before;
    for (std::size_t l = 0; l < 3; ++l) before.push_back(hash_of(model_, prefix(l)));
    const TensorMap learning = model_.learning();
    steps(50);
    for (std::size_t l = 0; l < 3; ++l) {
      const auto after = hash_of(model_, prefix(l));
      if (phase.layers[l].frozen()) {
        EXPECT_EQ(after, before[l]) << prefix(l) << " from epoch " << phase.epoch;
        continue;
      }
      for (const auto& [name, hash] : before[l])
        if (name.find(".running_") == std::string::npos && name.find(".num_batches") == std::string::npos) {
          EXPECT_EQ(after.at(name) != hash, learning.count(name) == 1) << name << " from epoch " << phase.epoch;
        }
    }
  }
}

TEST_P(EveryStrategy, LearnsTheDisjointUnionOfItsGroupsInEveryPhase) {
  for (const Phase& phase : plan_.phases) {
    begin(phase);
    std::set<std::string> grouped, learning;
    for (const ParameterGroup& group : optimizer_.groups())
      for (const auto& [name, value] : group.parameters)
        EXPECT_TRUE(grouped.insert(name).second) << name << " is in two groups";
    for (const auto& [name, value] : model_.state())
      if (value.requires_grad()) learning.insert(name);
    EXPECT_EQ(grouped, learning) << "from epoch " << phase.epoch;
    EXPECT_EQ(grouped.count("head.weight"), 1u);
  }
}

TEST_P(EveryStrategy, GivesEqualTapsOfItsFrozenPrefix) {
  const at::Tensor x = at::randn({10, 1, 8, 8});
  for (const Phase& phase : plan_.phases) {
    begin(phase);
    model_.train();
    const std::size_t prefix = frozen_prefix(plan_);
    EXPECT_TRUE(at::equal(model_.features(x, prefix), model_.features(x, prefix)));
  }
}

TEST_P(EveryStrategy, StartsWithTheHeadOfTheSeed) {
  Model reference(std::make_unique<TinyBackbone>(), 3);
  reference.initialise(scratch(), nullptr, 1);
  EXPECT_EQ(hash_of(model_, "head."), hash_of(reference, "head."));
}

TEST_P(EveryStrategy, StartsWhatUnfreezesWithFreshOptimizerState) {
  std::set<std::string> before;
  for (const Phase& phase : plan_.phases) {
    begin(phase);
    const TensorMap state = optimizer_.state();
    for (const ParameterGroup& group : optimizer_.groups())
      for (const auto& [name, value] : group.parameters)
        EXPECT_EQ(state.count(name + "/first"), before.count(name)) << name << " from epoch " << phase.epoch;
    steps(3);
    before.clear();
    for (const ParameterGroup& group : optimizer_.groups())
      for (const auto& [name, value] : group.parameters) before.insert(name);
  }
}

/// The same through the trainer, from one weights file to the other.
TEST_P(EveryStrategy, LeavesInItsWeightsFileWhatIsFrozenThroughout) {
  Bench bench({{"momentum", 0.9}, {"weight_decay", 0.01}, {"epochs", kEpochs}}, {}, plan_);
  bench.dropout = 0.3;
  bench.job.seed = 1;
  TensorMap given = source();
  for (auto& [name, tensor] : given) tensor = tensor.detach();
  const std::string path = bench.folder.path() / "source.safetensors";
  bench.job.source = WeightsRef{path, write_safetensors(path, {given, {}})};
  if (plan_.source_share > 0) {
    bench.job.source_data = SourceData{{"tiny", {}}, settings(data_schema(), {}), 1};
    bench.source_dataset = std::make_shared<TinyDataset>();
  }
  bench.run();
  const auto after = hashes(read_weights(bench.weights("last")).tensors), before = hashes(begin_);
  for (std::size_t l = 0; l < 3; ++l) {
    bool always = true;
    for (const Phase& phase : plan_.phases) always = always && phase.layers[l].frozen();
    for (const auto& [name, hash] : before) {
      if (name.rfind(prefix(l), 0) != 0) continue;
      // Those of a layer that is drawn and never learns are filled before training.
      const bool filled = plan_.weights[l] != Weights::Source && name.find(".bn.") != std::string::npos &&
                          (name.find("running_") != std::string::npos || name.find("num_batches") != std::string::npos);
      if (always && !filled) {
        EXPECT_EQ(after.at(name), hash) << name;
      }
    }
  }
  EXPECT_NE(after.at("head.weight"), before.at("head.weight"));
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryStrategy, ::testing::ValuesIn(kCases),
                         [](const auto& tested) { return tested.param.name + "_" + std::to_string(tested.index); });

TEST(BuiltInStrategies, AreAllAmongTheCases) {
  std::set<std::string> cases, there;
  for (const Case& c : kCases) cases.insert(c.name);
  for (const PluginInfo& plugin : built_in().describe().plugins)
    if (plugin.kind == PluginKind::Strategy) there.insert(plugin.name);
  there.erase("evaluation");  // trains nothing, and refuses to
  EXPECT_EQ(cases, there);
}

}  // namespace
}  // namespace cambium::test
