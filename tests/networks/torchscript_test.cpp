#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>

#include <fstream>

#include "cambium/files.h"
#include "networks/oracle.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr ImageShape kImage = {3, 12, 12};

/// A scripted network that oracle.py wrote: conv1 (convolution, batch norm, ReLU), pool, fc.
struct Archive {
  explicit Archive(const std::string& kind) : path(oracle("scripts") / (kind + ".pt")) {
    tensors = read_safetensors(oracle("scripts") / (kind + ".safetensors")).tensors;
    input = tensors.extract("input").mapped();
    logits = tensors.extract("logits").mapped();
  }
  std::unique_ptr<Backbone> make(const std::string& head = "fc") const {
    return test::make("torchscript", kImage, {{"path", path}, {"head", head}});
  }

  std::string path;
  TensorMap tensors;
  at::Tensor input, logits;
};

TEST(TorchScript, ItsChildrenAreTheLayersAndItsWeightsGiveItsLogits) {
  NEEDS_PYTORCH();
  const Archive archive("flattening");
  const auto backbone = archive.make();
  ASSERT_EQ(backbone->layers().size(), 2u);
  EXPECT_EQ(backbone->layers()[0].name, "conv1");
  EXPECT_EQ(backbone->layers()[1].name, "pool");
  EXPECT_EQ(backbone->feature_width(), 4);
  EXPECT_EQ(backbone->head_name(), "fc");
  EXPECT_EQ(backbone->fingerprint(), sha256_file(archive.path));
  EXPECT_THAT(backbone->files(), ElementsAre(archive.path));
  Model model = loaded(archive.make(), archive.tensors, 5);
  at::NoGradGuard no_grad;
  EXPECT_TRUE(model.forward(archive.input).allclose(archive.logits, 1e-5, 1e-6));
  // The weights are the module's own: what is written to them is what runs.
  model.state().at("conv1.0.weight").zero_();
  EXPECT_FALSE(model.forward(archive.input).allclose(archive.logits, 1e-2, 1e-2));
}

TEST(TorchScript, LearnsAndFreezesAsAnyOther) {
  NEEDS_PYTORCH();
  const Archive archive("flattening");
  Model model(archive.make(), 3);
  const TransferPlan plan = uniform_plan(network_facts(model.backbone(), 1), Weights::Source, {});
  model.initialise(plan, &archive.tensors, 1);
  model.begin_phase(plan.phases.front());
  model.train();
  const auto mean = [&] { return model.state().at("conv1.1.running_mean").clone(); };
  const at::Tensor before = mean();
  model.forward(at::randn({4, 3, 12, 12})).sum().backward();
  EXPECT_GT(model.state().at("conv1.0.weight").grad().abs().sum().item<double>(), 0);
  EXPECT_FALSE(mean().equal(before)) << "in train mode the statistics follow";
  Phase still = plan.phases.front();
  for (LayerPlan& layer : still.layers) layer.trainable = Trainable::None;
  model.begin_phase(still);
  const at::Tensor then = mean();
  model.forward(at::randn({4, 3, 12, 12})).sum().backward();
  EXPECT_FALSE(model.state().at("conv1.0.weight").grad().defined());
  EXPECT_TRUE(mean().equal(then)) << "frozen means frozen";
}

TEST(TorchScript, StartsAnewFromTheSeed) {
  NEEDS_PYTORCH();
  const Archive archive("flattening");
  Model model(archive.make(), 5);
  model.initialise(uniform_plan(network_facts(model.backbone(), 1), Weights::Fresh, {}), nullptr, 1);
  const TensorMap state = model.state();
  EXPECT_EQ(state.at("conv1.1.running_mean").abs().sum().item<double>(), 0);
  EXPECT_EQ(state.at("conv1.1.weight").sum().item<double>(), 4);
  EXPECT_LE(state.at("conv1.0.weight").abs().max().item<double>(), 1 / std::sqrt(27.0));
  EXPECT_FALSE(state.at("conv1.0.weight").equal(archive.tensors.at("conv1.0.weight")));
}

/// What a network's parameters are for, by name.
std::map<std::string, Role> roles(const Backbone& backbone) {
  std::map<std::string, Role> result;
  for (const Layer& layer : backbone.layers())
    for (const NamedParameter& parameter : layer.module->parameters(layer.prefix))
      result[parameter.name] = parameter.role;
  return result;
}

TEST(TorchScript, KnowsBiasesAndNormsOfEveryKind) {
  NEEDS_PYTORCH();
  const std::map<std::string, Role> expected = {
      {"conv1.0.weight", Role::Weight},
      {"conv1.0.bias", Role::Bias},
      {"conv1.1.weight", Role::Norm},  // GroupNorm
      {"conv1.1.bias", Role::NormBias},
      {"conv1.2.weight", Role::Weight},  // PReLU
      {"conv1.3.weight", Role::Norm},    // InstanceNorm2d
      {"conv1.3.bias", Role::NormBias},
      {"tokens.cls_token", Role::Weight},
      {"tokens.pos_embed", Role::Weight},
      {"tokens.where.weight", Role::Weight},
      {"attending.norm.weight", Role::Norm},
      {"attending.norm.bias", Role::NormBias},
      {"attending.attention.in_proj_weight", Role::Weight},
      {"attending.attention.in_proj_bias", Role::Bias},
      {"attending.attention.out_proj.weight", Role::Weight},
      {"attending.attention.out_proj.bias", Role::Bias},
      {"attending.rms.scale", Role::Norm},
      {"attending.relative_position_bias_table", Role::Weight},
      {"attending.gamma", Role::Weight},
      {"last.weight", Role::Norm},
      {"last.bias", Role::NormBias},
  };
  EXPECT_EQ(roles(*Archive("varied").make()), expected);
}

TEST(TorchScript, StartsEachKindAnewAsPyTorchDoes) {
  NEEDS_PYTORCH();
  const Archive archive("varied");
  Model model(archive.make(), 5);
  model.initialise(uniform_plan(network_facts(model.backbone(), 1), Weights::Fresh, {}), nullptr, 1);
  const TensorMap state = model.state();
  const auto all = [&](const std::string& name, float value) {
    EXPECT_TRUE(state.at(name).eq(value).all().item<bool>()) << name << " is not " << value;
  };
  for (const char* scale :
       {"conv1.1.weight", "conv1.3.weight", "attending.norm.weight", "attending.rms.scale", "last.weight"})
    all(scale, 1);
  for (const char* zero : {"conv1.1.bias", "conv1.3.bias", "attending.norm.bias", "last.bias",
                           "attending.attention.in_proj_bias", "attending.attention.out_proj.bias"})
    all(zero, 0);
  all("conv1.2.weight", 0.25f);
  all("attending.gamma", 1e-5f);
  // Where the archive has values of 2 to 3.
  for (const char* small : {"tokens.cls_token", "tokens.pos_embed", "attending.relative_position_bias_table"}) {
    EXPECT_LT(state.at(small).abs().max().item<double>(), 0.02 * 6) << small;
    EXPECT_GT(state.at(small).abs().max().item<double>(), 0) << small;
  }
  EXPECT_NEAR(state.at("tokens.where.weight").std().item<double>(), 1, 0.4);
  EXPECT_LE(state.at("conv1.0.bias").abs().max().item<double>(), 1 / std::sqrt(27.0));
}

TEST(BiasOnly, LearnsExactlyTheBiasesAndTheShiftsOfNorms) {
  // Counted by PyTorch's own names: every one that ends in "bias".
  for (const std::string network : {"vit_tiny", "resnet18", "mobilenet_v2", "squeezenet1_1"}) {
    Model model(make(network, {3, 64, 64}), 10);
    const TransferPlan plan =
        checked_plan(*plugins().make_strategy({"bias_only", Params()}), network_facts(model.backbone(), 1));
    std::int64_t expected = 0;
    for (const auto& [name, tensor] : model.state())
      if (name.ends_with("bias") || name.starts_with(model.backbone().head_name() + ".")) expected += tensor.numel();
    EXPECT_EQ(model.trainable_parameters(plan), expected) << network;
  }
}

TEST(TorchScript, RefusesWhatIsMoreThanItsChildrenInOrder) {
  NEEDS_PYTORCH();
  const Archive doubling("doubling"), flattening("flattening");
  const Error error = error_of([&] { doubling.make(); });
  EXPECT_THAT(error.message(), HasSubstr("its forward is more than its children"));
  EXPECT_THAT(error.message(), HasSubstr(doubling.path));
  // Without `head` nothing flattens before the Linear.
  EXPECT_THAT(error_of([&] { flattening.make(""); }).message(), HasSubstr("fc does not run"));
  EXPECT_THAT(error_of([&] { flattening.make("pool"); }).message(), HasSubstr("is fc, not pool"));
  const Error channels = error_of([&] {
    make("torchscript", {1, 12, 12}, {{"path", flattening.path}, {"head", std::string("fc")}});
  });
  EXPECT_THAT(channels.message(), HasSubstr("it takes images of 3 channels, and those of this data have 1 channel"));
}

TEST(TorchScript, TellsAFileThatIsNone) {
  const TemporaryFolder folder;
  const std::string path = folder.path() / "net.pt";
  std::ofstream(path) << "no archive";
  for (const std::string& file : {path, path + ".gone"}) {
    const Error error = error_of([&] { make("torchscript", kImage, {{"path", file}}); });
    EXPECT_THAT(error.message(), HasSubstr(file + ": cannot be read as TorchScript"));
    EXPECT_EQ(error.message().find('\n'), std::string::npos);
    EXPECT_FALSE(error.hint().empty());
  }
}

}  // namespace
}  // namespace cambium::test
