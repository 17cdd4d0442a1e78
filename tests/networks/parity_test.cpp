#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <map>

#include "networks/oracle.h"

namespace cambium::test {
namespace {

double farthest(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

/// A file of public weights, and where parity.pth has its inputs and logits.
struct Public {
  std::string network, file, input, logits;
};

class PublicWeights : public testing::TestWithParam<Public> {};

TEST_P(PublicWeights, GiveTheLogitsThatPyTorchGave) {
  const auto& [network, name, input, logits] = GetParam();
  const auto file = shared("weights/" + name), parity = shared("weights/parity/parity.pth");
  if (file.empty() || parity.empty()) GTEST_SKIP() << "the public weights are not beside this checkout";
  NEEDS_PYTORCH();
  const TensorMap reference = tensors_of(parity);
  const at::Tensor& x = reference.at(input);
  Model model =
      loaded(make(network, {x.size(1), x.size(2), x.size(3)}), tensors_of(file), reference.at(logits).size(1));
  at::NoGradGuard no_grad;
  EXPECT_LT(farthest(model.forward(x), reference.at(logits)), 1e-4);
  EXPECT_GT(reference.at(logits).std().item<double>(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, PublicWeights,
    testing::Values(Public{"resnet20", "resnet20-cifar10.pth", "cifar10.input", "cifar10.logits.resnet20"},
                    Public{"resnet20", "resnet20-cifar10-legacy.pth", "cifar10.input", "cifar10.logits.resnet20"},
                    Public{"resnet56", "resnet56-cifar10-checkpoint.pth", "cifar10.input", "cifar10.logits.resnet56"},
                    Public{"mobilenet_v2", "mobilenet_v2-imagenet.pth", "input",
                           "logits.mobilenet_v2.torchvision_padding"},
                    Public{"squeezenet1_1", "squeezenet1_1-imagenet.pth", "input", "logits.squeezenet1_1"}),
    [](const auto& which) { return which.param.network + "_" + std::to_string(which.index); });

/// A network of torchvision's, on images of `side` pixels.
struct Sized {
  std::string network;
  std::int64_t side;
};

// Sides of which the adaptive pools have to make something.
const std::vector<Sized> kSized = {{"resnet18", 64},      {"resnet34", 64}, {"resnet50", 64}, {"mobilenet_v2", 64},
                                   {"squeezenet1_1", 75}, {"vgg11", 64},    {"alexnet", 96},  {"vit_tiny", 48},
                                   {"vit_small", 48},     {"vit_b_16", 48}};

/// Cambium's `network` against what `answer` says of the reference's, both with filled() weights under the reference's
/// names.
void compare(const std::string& network, std::int64_t side, const TensorMap& answer) {
  TensorMap weights;
  const std::string start = "state/";
  for (const auto& [name, shape] : answer) {
    if (name.rfind(start, 0) != 0) continue;
    const std::string own = name.substr(start.size());
    const std::vector<std::int64_t> extents(shape.data_ptr<std::int64_t>() + 1,
                                            shape.data_ptr<std::int64_t>() + shape.numel());
    weights[own] = own.find("num_batches") == std::string::npos ? filled(own, extents) : at::zeros({}, at::kLong);
  }
  Model model = loaded(make(network, {3, side, side}), weights, 1000);
  const at::Tensor& theirs = answer.at("logits");
  const double size = theirs.abs().max().item<double>();
  EXPECT_GT(size, 0.1) << "the reference's logits say nothing";
  at::NoGradGuard no_grad;
  EXPECT_LT(farthest(model.forward(filled("input", {2, 3, side, side})), theirs), 1e-4 * std::max(1.0, size));
}

class Torchvision : public testing::TestWithParam<Sized> {};

TEST_P(Torchvision, HasTheSameNamesShapesAndLogits) {
  NEEDS_PYTORCH();
  const auto& [network, side] = GetParam();
  std::string all;
  for (const Sized& each : kSized) all += each.network + ":" + std::to_string(each.side) + " ";
  compare(network, side, read_safetensors(oracle("logits", all) / (network + ".safetensors")).tensors);
}

INSTANTIATE_TEST_SUITE_P(Networks, Torchvision, testing::ValuesIn(kSized),
                         [](const auto& which) { return which.param.network; });

/// What timm calls a network that is built in.
struct OfTimm {
  std::string network, theirs;
  std::int64_t side;
};

class Timm : public testing::TestWithParam<OfTimm> {};

TEST_P(Timm, IsReadByItsOwnNamesAndHasTheSameLogits) {
  if (timm_python().empty()) GTEST_SKIP() << "no Python has timm; CAMBIUM_PYTHON may name one";
  const auto& [network, theirs, side] = GetParam();
  const std::string name = "timm." + theirs;
  compare(network, side,
          read_safetensors(oracle("logits", name + ":" + std::to_string(side), timm_python()) / (name + ".safetensors"))
              .tensors);
}

INSTANTIATE_TEST_SUITE_P(Networks, Timm,
                         testing::Values(OfTimm{"resnet18", "resnet18", 64},
                                         OfTimm{"mobilenet_v2", "mobilenetv2_100", 64}, OfTimm{"vgg11", "vgg11", 224},
                                         OfTimm{"vit_tiny", "vit_tiny_patch16_224", 48},
                                         OfTimm{"vit_small", "deit_small_patch16_224", 48}),
                         [](const auto& which) { return which.param.theirs; });

}  // namespace
}  // namespace cambium::test
