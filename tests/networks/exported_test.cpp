#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "networks/exported_residual.h"
#include "networks/oracle.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Archive = ExportedArchive;

constexpr ImageShape kImage = {3, 8, 8};

/// The same, by LibTorch's own functions.
at::Tensor by_hand(const TensorMap& w, const at::Tensor& x, bool train) {
  const auto norm = [&](const std::string& name, const at::Tensor& y) {
    return at::batch_norm(y, w.at(name + ".weight"), w.at(name + ".bias"), w.at(name + ".running_mean"),
                          w.at(name + ".running_var"), train, 0.1, 1e-5, false);
  };
  at::Tensor y = norm("bn", at::conv2d(x, w.at("conv.weight"), {}, 1, 1));
  y = at::max_pool2d(at::relu(y), {2, 2});
  for (const std::string block : {"layer.0", "layer.1"})
    y = at::relu(norm(block + ".bn", at::conv2d(y, w.at(block + ".conv.weight"), {}, 1, 1)) + y);
  return at::linear(at::adaptive_avg_pool2d(y, {1, 1}).flatten(1), w.at("fc.weight"), w.at("fc.bias"));
}

class Exported : public ::testing::Test {
 protected:
  std::string write(const Archive& archive) const {
    const auto path = folder_.path() / "net.pt2";
    archive.write(path);
    return path.string();
  }
  std::unique_ptr<Backbone> make(const Archive& archive, const std::string& units = "block") const {
    return test::make("exported", kImage, {{"path", write(archive)}, {"units", units}});
  }
  std::string refusal(const Archive& archive) const {
    return refusal_of([&] { make(archive); });
  }
  static std::string refusal_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_FALSE(error.hint().empty());
      return error.message();
    }
    return "no error";
  }
  std::vector<std::string> names(const Backbone& backbone) const {
    std::vector<std::string> all;
    for (const Layer& layer : backbone.layers()) all.push_back(layer.name);
    return all;
  }
  TemporaryFolder folder_;
};

TEST_F(Exported, ItsModulesAreTheLayers) {
  const auto backbone = make(residual());
  EXPECT_THAT(names(*backbone), ElementsAre("conv", "layer.0", "layer.1"));
  EXPECT_THAT(names(*make(residual(), "stage")), ElementsAre("conv", "layer.0", "layer.1"));
  EXPECT_THAT(names(*make(residual(), "module")),
              ElementsAre("conv", "bn", "act", "pool", "layer.0", "layer.0.act", "layer.1", "layer.1.act", "mean"));
  EXPECT_EQ(backbone->feature_width(), 4);
  EXPECT_EQ(backbone->head_name(), "fc");
}

TEST_F(Exported, GivesWhatItsOperationsGiveAndItsGradients) {
  const Archive archive = residual(0);
  for (const std::string units : {"stage", "block", "module"})
    for (const bool train : {false, true}) {
      Model model = loaded(make(archive, units), read_weights(write(archive)).tensors, 5);
      EXPECT_TRUE(model.has_linear_head());
      TensorMap own = copied(model.state());
      const TransferPlan plan = uniform_plan(network_facts(model.backbone(), 1), Weights::Source, {});
      const at::Tensor x = at::randn({6, 3, 8, 8});
      if (!train) {
        const at::NoGradGuard no_grad;
        EXPECT_TRUE(model.forward(x).allclose(by_hand(own, x, false), 1e-6, 1e-6)) << "with norms folded";
      }
      model.begin_phase(plan.phases.front());
      train ? model.train() : model.eval();
      for (auto& [name, tensor] : own)
        if (name.find("running") == name.npos && tensor.is_floating_point()) tensor.requires_grad_(true);
      const at::Tensor ours = model.forward(x), theirs = by_hand(own, x, train);
      EXPECT_TRUE(ours.allclose(theirs, 1e-6, 1e-6)) << units << train;
      ours.square().sum().backward();
      theirs.square().sum().backward();
      for (const auto& [name, tensor] : model.state()) {
        const bool statistic = name.find("running") != name.npos;
        if (!statistic && !tensor.grad().defined()) continue;
        const at::Tensor one = statistic ? tensor : tensor.grad(),
                         other = statistic ? own.at(name) : own.at(name).grad();
        EXPECT_TRUE(one.allclose(other, 1e-5, 1e-5)) << name;
      }
      EXPECT_EQ(model.state().at("bn.num_batches_tracked").item<std::int64_t>(), train ? 4 : 3);
    }
}

TEST_F(Exported, FrozenLayersStayAndATapIsNotWrittenOver) {
  const Archive archive = residual();
  // Cut between an addition and the ReLU that writes over it.
  const auto backbone = make(archive, "module");
  const at::NoGradGuard no_grad;
  for (const Layer& layer : backbone->layers()) layer.module->train(false);
  at::Tensor x = at::randn({2, 3, 8, 8});
  for (const Layer& layer : backbone->layers()) {
    const at::Tensor before = x.clone(), y = layer.module->forward(x);
    EXPECT_TRUE(x.equal(before)) << layer.name;
    x = y;
  }
}

TEST_F(Exported, DropsInTrainModeAlone) {
  const Archive archive = residual(0.5);
  Model model = loaded(make(archive), read_weights(write(archive)).tensors, 5);
  EXPECT_FALSE(model.has_linear_head()) << "dropout belongs to the head";
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::randn({4, 3, 8, 8});
  EXPECT_TRUE(model.forward(x).equal(model.forward(x)));
  Phase phase{0, std::vector<LayerPlan>(3, LayerPlan{Trainable::None}), {}};
  model.begin_phase(phase);
  model.train();
  EXPECT_FALSE(model.forward(x).equal(model.forward(x)));
  EXPECT_EQ(model.state().at("bn.num_batches_tracked").item<std::int64_t>(), 3) << "frozen means frozen";
}

TEST_F(Exported, KeepsWhatNobodyReadsAndKnowsRoles) {
  const auto backbone = make(residual());
  std::map<std::string, Role> roles;
  std::set<std::string> buffers;
  for (const Layer& layer : backbone->layers()) {
    for (const NamedParameter& parameter : layer.module->parameters(layer.prefix))
      roles[parameter.name] = parameter.role;
    for (const NamedBuffer& buffer : layer.module->buffers(layer.prefix)) buffers.insert(buffer.name);
  }
  EXPECT_EQ(roles.at("conv.weight"), Role::Weight);
  EXPECT_EQ(roles.at("bn.weight"), Role::Norm);
  EXPECT_EQ(roles.at("layer.1.bn.bias"), Role::NormBias);
  EXPECT_EQ(roles.size(), 9u);
  EXPECT_EQ(buffers.count("unread"), 1u);
}

TEST_F(Exported, AParameterOfTwoLayersMakesThemOne) {
  Archive archive = residual();
  for (auto& node : archive.nodes)
    for (auto& input : node["inputs"])
      if (input["arg"] == Archive::tensor("layer.1.conv.weight")) input["arg"] = Archive::tensor("layer.0.conv.weight");
  EXPECT_EQ(make(archive)->layers().size(), 2u);
}

TEST_F(Exported, RefusesWithWords) {
  EXPECT_THAT(refusal_of([&] {
                test::make("exported", {3, 9, 9}, {{"path", write(residual())}, {"units", std::string("block")}});
              }),
              HasSubstr("exported for images of 3x8x8, and those of this data are 3x9x9"));
  Archive archive = residual();
  archive.values["x"]["sizes"][0] = {{"as_int", 2}};
  EXPECT_THAT(refusal(archive), HasSubstr("batches of one size"));
  const auto changed = [&](const std::string& target) {
    Archive other = residual();
    other.nodes[3]["target"] = target;
    return refusal(other);
  };
  EXPECT_THAT(changed("torch.ops.aten.from_file.default"), HasSubstr("from_file in pool, which is not on the list"));
  EXPECT_THAT(changed("torch.ops.mine.pool.default"), HasSubstr("torch.ops.mine.pool.default in pool"));
  EXPECT_THAT(changed("torch.ops.higher_order.cond"), HasSubstr("higher-order"));
  EXPECT_THAT(changed("torch.ops.aten.relu.made_up"), HasSubstr("which this LibTorch does not have"));
  archive = residual();
  archive.nodes[0]["inputs"][0]["arg"] = Archive::tensor("h");
  EXPECT_THAT(refusal(archive), HasSubstr("takes h, which nothing before it gives"));
  archive = residual();
  archive.values["a"]["dtype"] = 10;
  EXPECT_THAT(refusal(archive), HasSubstr("complex numbers"));
  archive = residual();
  archive.tensors.pop_back();
  archive.tensors.erase(archive.tensors.begin());
  EXPECT_THAT(refusal(archive), HasSubstr("conv.weight, which the archive does not have"));
  archive = residual();
  archive.nodes[1]["inputs"][5]["arg"] = Archive::flag(true);
  EXPECT_THAT(refusal(archive), HasSubstr("in train mode: batch_norm in bn"));
  archive = residual();
  archive.nodes[3]["target"] = "torch.ops.aten.repeat.default";
  archive.nodes[3]["inputs"] = {{{"name", "self"}, {"arg", Archive::tensor("c")}},
                                {{"name", "repeats"}, {"arg", Archive::ints({1, 1, 100000, 100000})}}};
  EXPECT_THAT(refusal(archive), HasSubstr("MiB for one tensor"));
}

TEST_F(Exported, RefusesTwoHeads) {
  Archive archive = residual();
  archive.stored("other.weight", at::randn({5, 4})).stored("other.bias", at::randn({5}));
  archive.node("linear", "other",
               {{"input", Archive::tensor("f")},
                {"weight", Archive::tensor("other.weight")},
                {"bias", Archive::tensor("other.bias")}},
               "i", {5});
  archive.node("add.Tensor", "", {{"self", Archive::tensor("h")}, {"other", Archive::tensor("i")}}, "j", {5});
  EXPECT_THAT(refusal(archive), HasSubstr("two heads, fc and other"));
}

TEST_F(Exported, RefusesOtherFiles) {
  const auto path = (folder_.path() / "x.pt2").string();
  const auto refused = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return refusal_of([&] { test::make("exported", kImage, {{"path", path}, {"units", std::string("block")}}); });
  };
  EXPECT_THAT(refusal_of([&] {
                test::make("exported", kImage, {{"path", path}, {"units", std::string("block")}});
              }),
              HasSubstr("there is no such file"));
  write_pth(path, {{"w", at::ones({2})}});
  EXPECT_THAT(refusal_of([&] {
                test::make("exported", kImage, {{"path", path}, {"units", std::string("block")}});
              }),
              HasSubstr("a zip by torch.save, not a network"));
  EXPECT_THAT(refused(std::string("\x08\x07onnx")), HasSubstr("ONNX"));
  EXPECT_THAT(refused(Archive::zip({{"a/archive_format", "pt2"}, {"a/data/aotinductor/model/x.so", ""}})),
              HasSubstr("AOTInductor"));
  EXPECT_THAT(refused(residual().bytes("{")), HasSubstr("the graph is no JSON"));
  EXPECT_THAT(refused(residual().bytes("{}")), HasSubstr("not laid out as torch.export does"));
}

TEST_F(Exported, ItsWeightsAreReadByTheirNames) {
  const auto tensors = read_weights(write(residual())).tensors;
  EXPECT_EQ(tensors.size(), 21u);
  EXPECT_EQ(tensors.at("bn.num_batches_tracked").item<std::int64_t>(), 3);
}

}  // namespace
}  // namespace cambium::test
