#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "networks/oracle.h"

/// Networks that corpus.py exported, against what PyTorch says of them. CAMBIUM_NETWORKS names the folder.
namespace cambium::test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus() {
  std::vector<fs::path> found;
  const char* folder = std::getenv("CAMBIUM_NETWORKS");
  if (!folder) return found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".pt2" && fs::exists(fs::path(entry.path()).replace_extension(".safetensors")))
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// The greatest difference, as a part of the greatest number, or of `least` where that is less.
double difference(const at::Tensor& ours, const at::Tensor& theirs, double least = 1) {
  if (ours.sizes() != theirs.sizes()) return 1e9;
  const double size = std::max(least, theirs.abs().max().item<double>());
  return (ours - theirs).abs().max().item<double>() / size;
}

class Corpus : public ::testing::TestWithParam<fs::path> {
 protected:
  Corpus() : given_(read_safetensors(fs::path(GetParam()).replace_extension(".safetensors")).tensors) {
    const auto sizes = given_.at("image").sizes();
    const ImageShape shape{sizes[1], sizes[2], sizes[3]};
    auto backbone = make("exported", shape, {{"path", GetParam().string()}, {"units", std::string("block")}});
    model_ = std::make_unique<Model>(
        loaded(std::move(backbone), read_weights(GetParam()).tensors, given_.at("logits").size(1)));
  }

  void learn() {
    const TransferPlan plan = uniform_plan(network_facts(model_->backbone(), 1), Weights::Source, {});
    model_->begin_phase(plan.phases.front());
  }
  at::Tensor backward() {
    const at::Tensor logits = model_->forward(given_.at("image"));
    at::cross_entropy_loss(logits, given_.at("label")).backward();
    return logits.detach();
  }
  /// Of `start` + "gradient.NAME", each against the greatest gradient of its tensor, or a hundredth of the network's
  /// greatest: a bias before a norm has none but rounding.
  void compare_gradients(const std::string& start) {
    const TensorMap state = model_->state();
    const std::string key = start + "gradient.";
    double greatest = 0;
    for (const auto& [name, theirs] : given_)
      if (name.rfind(key, 0) == 0) greatest = std::max(greatest, theirs.abs().max().item<double>());
    std::size_t compared = 0;
    for (const auto& [name, theirs] : given_) {
      if (name.rfind(key, 0) != 0) continue;
      const auto own = state.find(name.substr(key.size()));
      ASSERT_NE(own, state.end()) << name;
      ASSERT_TRUE(own->second.grad().defined()) << name;
      EXPECT_LT(difference(own->second.grad(), theirs, greatest / 100), 1e-4) << name;
      ++compared;
    }
    EXPECT_GT(compared, 0u);
  }

  TensorMap given_;
  std::unique_ptr<Model> model_;
};

TEST_P(Corpus, GivesPythonsLogitsAndGradients) {
  {
    const at::NoGradGuard no_grad;
    EXPECT_LT(difference(model_->forward(given_.at("image")), given_.at("logits")), 1e-5) << "with norms folded";
  }
  learn();
  model_->eval();
  EXPECT_LT(difference(backward(), given_.at("logits")), 1e-5);
  compare_gradients("");
}

TEST_P(Corpus, LearnsAsPythonDoes) {
  if (given_.count("train.logits") == 0) GTEST_SKIP() << "no batch norm, or dropout";
  learn();
  model_->train();
  EXPECT_LT(difference(backward(), given_.at("train.logits")), 1e-4);
  compare_gradients("train.");
  const TensorMap state = model_->state();
  for (const auto& [name, theirs] : given_) {
    if (name.rfind("train.state.", 0) != 0) continue;
    EXPECT_LT(difference(state.at(name.substr(12)), theirs), 1e-4) << name;
  }
}

TEST_P(Corpus, HasLayers) {
  std::string names;
  for (const Layer& layer : model_->backbone().layers()) names += layer.name + " ";
  std::printf("%s: %zu layers: %s| head %s%s\n", GetParam().stem().c_str(), model_->layers(), names.c_str(),
              model_->backbone().head_name().c_str(), model_->has_linear_head() ? " (linear)" : "");
  EXPECT_GE(model_->layers(), 1u);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Corpus);
INSTANTIATE_TEST_SUITE_P(Networks, Corpus, ::testing::ValuesIn(corpus()), [](const auto& network) {
  std::string name = network.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace cambium::test
