#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>

#include <algorithm>

#include "builtin.h"

namespace cambium::test {
namespace {

std::unique_ptr<Backbone> make(const std::string& name, const ImageShape& shape, const Values& values = {}) {
  auto backbone = plugins().make_backbone({name, Params(values)}, shape);
  for (const Layer& layer : backbone->layers()) {
    for (const NamedParameter& parameter : layer.module->parameters()) parameter.value.uniform_(-0.1, 0.1);
    layer.module->train(false);
  }
  return backbone;
}

std::vector<std::string> layer_names(const Backbone& backbone) {
  std::vector<std::string> names;
  for (const Layer& layer : backbone.layers()) names.push_back(layer.name);
  return names;
}

/// Full names of parameters and buffers, as a state_dict has them.
std::vector<std::string> tensor_names(const Backbone& backbone) {
  std::vector<std::string> names;
  for (const Layer& layer : backbone.layers()) {
    for (const NamedParameter& parameter : layer.module->parameters(layer.prefix)) names.push_back(parameter.name);
    for (const NamedBuffer& buffer : layer.module->buffers(layer.prefix)) names.push_back(buffer.name);
  }
  return names;
}

std::vector<std::int64_t> parameters(const Backbone& backbone) {
  std::vector<std::int64_t> counts;
  for (const Layer& layer : backbone.layers()) {
    counts.push_back(0);
    for (const NamedParameter& parameter : layer.module->parameters()) counts.back() += parameter.value.numel();
  }
  return counts;
}

std::int64_t with_head(const Backbone& backbone, std::int64_t classes) {
  const auto counts = parameters(backbone);
  return std::accumulate(counts.begin(), counts.end(), (backbone.feature_width() + 1) * classes);
}

/// Each layer's output for one image.
std::vector<std::vector<std::int64_t>> shapes(const Backbone& backbone, const ImageShape& image) {
  at::Tensor x = at::randn({1, image.channels, image.height, image.width});
  std::vector<std::vector<std::int64_t>> all;
  for (std::size_t i = 0; i < backbone.layers().size(); ++i) {
    x = backbone.forward(x, i, i + 1);
    all.push_back(x.sizes().slice(1).vec());
  }
  return all;
}

using Sizes = std::vector<std::vector<std::int64_t>>;
using Counts = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

TEST(Cnn7, HasSevenLayersOfTheDeclaredShapes) {
  const auto grey = make("cnn7", {1, 28, 28});
  EXPECT_EQ(layer_names(*grey), (Names{"conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7"}));
  EXPECT_EQ(shapes(*grey, {1, 28, 28}),
            (Sizes{{32, 14, 14}, {64, 7, 7}, {128, 7, 7}, {128, 7, 7}, {128, 3, 3}, {256}, {256}}));
  EXPECT_EQ(grey->feature_width(), 256);
  const auto narrow = make("cnn7", {3, 32, 32}, {{"width", std::int64_t(4)}});
  EXPECT_EQ(shapes(*narrow, {3, 32, 32}),
            (Sizes{{4, 16, 16}, {8, 8, 8}, {16, 8, 8}, {16, 8, 8}, {16, 4, 4}, {32}, {32}}));
}

TEST(Cnn7, CountsItsParameters) {
  // in * out * 9 + out for convolutions, in * out + out for dense layers; batch norm has 2 out instead of the bias.
  EXPECT_EQ(parameters(*make("cnn7", {1, 28, 28}, {{"batch_norm", false}})),
            (Counts{320, 18496, 73856, 147584, 147584, 128 * 9 * 256 + 256, 65792}));
  EXPECT_EQ(parameters(*make("cnn7", {1, 28, 28})),
            (Counts{288 + 64, 18432 + 128, 73728 + 256, 147456 + 256, 147456 + 256, 128 * 9 * 256 + 512, 65536 + 512}));
}

TEST(Cnn7, NamesTensorsAsAStateDictWould) {
  const auto plain = tensor_names(*make("cnn7", {1, 28, 28}, {{"batch_norm", false}}));
  EXPECT_EQ(Names(plain.begin(), plain.begin() + 4),
            (Names{"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"}));
  const auto normed = tensor_names(*make("cnn7", {1, 28, 28}));
  EXPECT_EQ(Names(normed.begin(), normed.begin() + 6),
            (Names{"conv1.weight", "conv1.norm.weight", "conv1.norm.bias", "conv1.norm.running_mean",
                   "conv1.norm.running_var", "conv1.norm.num_batches_tracked"}));
  EXPECT_NE(std::find(normed.begin(), normed.end(), "fc7.norm.weight"), normed.end());
}

TEST(Cnn7, DropsInTheDenseLayersInTrainingOnly) {
  const auto backbone = make("cnn7", {1, 28, 28}, {{"dropout", 0.5}, {"batch_norm", false}});
  const at::Tensor x = at::randn({4, 1, 28, 28});
  EXPECT_TRUE(backbone->forward(x, 0, 7).equal(backbone->forward(x, 0, 7)));
  for (const Layer& layer : backbone->layers()) layer.module->train(true);
  EXPECT_TRUE(backbone->forward(x, 0, 5).equal(backbone->forward(x, 0, 5)));
  EXPECT_FALSE(backbone->forward(x, 0, 6).equal(backbone->forward(x, 0, 6)));
}

TEST(LeNet5, HasThePublishedNumberOfParameters) {
  EXPECT_EQ(parameters(*make("lenet5", {1, 28, 28})), (Counts{156, 2416, 48120, 10164}));
  EXPECT_EQ(with_head(*make("lenet5", {1, 28, 28}), 10), 61706);
  EXPECT_EQ(with_head(*make("lenet5", {1, 32, 32}), 10), 61706);
  EXPECT_EQ(with_head(*make("lenet5", {3, 32, 32}), 10), 62006);
}

TEST(LeNet5, HasThePublishedShapesFor28And32Pixels) {
  const Sizes expected = {{6, 14, 14}, {16, 5, 5}, {120}, {84}};
  EXPECT_EQ(shapes(*make("lenet5", {1, 28, 28}), {1, 28, 28}), expected);
  EXPECT_EQ(shapes(*make("lenet5", {3, 32, 32}), {3, 32, 32}), expected);
  EXPECT_EQ(layer_names(*make("lenet5", {1, 28, 28})), (Names{"conv1", "conv2", "fc3", "fc4"}));
  EXPECT_EQ(tensor_names(*make("lenet5", {1, 28, 28})),
            (Names{"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc3.weight", "fc3.bias", "fc4.weight",
                   "fc4.bias"}));
}

TEST(Mlp, HasALayerForEachWidth) {
  const auto standard = make("mlp", {1, 28, 28});
  EXPECT_EQ(layer_names(*standard), (Names{"fc1", "fc2"}));
  EXPECT_EQ(parameters(*standard), (Counts{784 * 256 + 256, 256 * 128 + 128}));
  EXPECT_EQ(standard->feature_width(), 128);
  const auto deep = make("mlp", {3, 4, 5}, {{"hidden", Counts{7, 6, 5}}, {"batch_norm", true}, {"dropout", 0.2}});
  EXPECT_EQ(parameters(*deep), (Counts{60 * 7 + 14, 42 + 12, 30 + 10}));
  EXPECT_EQ(shapes(*deep, {3, 4, 5}), (Sizes{{7}, {6}, {5}}));
}

TEST(Backbones, CutAnywhereAndGoOnGivesTheWhole) {
  for (const auto& [name, values] : std::vector<std::pair<std::string, Values>>{{"mlp", {{"batch_norm", true}}},
                                                                                {"lenet5", {}},
                                                                                {"cnn7", {{"width", std::int64_t(4)}}},
                                                                                {"cnn7", {{"batch_norm", false}}}})
    for (const ImageShape& image : {ImageShape{1, 28, 28}, ImageShape{3, 32, 32}, ImageShape{3, 33, 40}}) {
      const auto backbone = make(name, image, values);
      const std::size_t n = backbone->layers().size();
      const at::Tensor x = at::randn({3, image.channels, image.height, image.width});
      const at::Tensor whole = backbone->forward(x, 0, n);
      EXPECT_EQ(whole.sizes(), at::IntArrayRef({3, backbone->feature_width()}));
      EXPECT_GT(whole.abs().sum().item<double>(), 0);
      for (std::size_t cut = 0; cut <= n; ++cut)
        EXPECT_TRUE(backbone->forward(backbone->forward(x, 0, cut), cut, n).equal(whole)) << name << " cut at " << cut;
    }
}

TEST(Backbones, SayWhatTheyNeed) {
  for (const auto& [name, side, needed] :
       std::vector<std::tuple<std::string, std::int64_t, std::string>>{{"cnn7", 7, "8x8"}, {"lenet5", 11, "12x12"}}) {
    const Error error = error_of([&, n = name, s = side] { make(n, {1, s, 40}); });
    EXPECT_EQ(error.kind(), ErrorKind::Plugin);
    EXPECT_NE(error.message().find(std::to_string(side) + "x40"), std::string::npos) << error.message();
    EXPECT_NE(error.hint().find(needed), std::string::npos) << error.hint();
    EXPECT_EQ(shapes(*make(name, {1, side + 1, side + 1}), {1, side + 1, side + 1}).back().size(), 1u);
  }
  EXPECT_EQ(error_of([] { make("mlp", {1, 8, 8}, {{"hidden", Counts{}}}); }).kind(), ErrorKind::Plugin);
}

}  // namespace
}  // namespace cambium::test
