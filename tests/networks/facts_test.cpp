#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "networks/oracle.h"

namespace cambium::test {
namespace {

using Names = std::vector<std::string>;

Names layer_names(const Backbone& backbone) {
  Names names;
  for (const Layer& layer : backbone.layers()) names.push_back(layer.name);
  return names;
}

std::int64_t parameters(const std::string& network, const ImageShape& image, std::int64_t classes) {
  return Model(make(network, image), classes).total_parameters();
}

TEST(Networks, HaveTorchvisionsNumbersOfParameters) {
  const std::vector<std::pair<std::string, std::int64_t>> published = {
      {"resnet18", 11689512}, {"resnet34", 21797672},     {"resnet50", 25557032}, {"mobilenet_v2", 3504872},
      {"vgg11", 132863336},   {"squeezenet1_1", 1235496}, {"alexnet", 61100840},  {"vit_b_16", 86567656},
      {"vit_tiny", 5717416},  {"vit_small", 22050664}};
  for (const auto& [network, count] : published) EXPECT_EQ(parameters(network, {3, 224, 224}, 1000), count) << network;
}

TEST(Networks, HaveTheCifarResNetsNumbersOfParameters) {
  // He et al. 2016, table 6: 0.27, 0.46, 0.66 and 0.85 million.
  const std::vector<std::pair<std::string, std::int64_t>> published = {
      {"resnet20", 269722}, {"resnet32", 464154}, {"resnet44", 658586}, {"resnet56", 853018}};
  for (const auto& [network, count] : published) EXPECT_EQ(parameters(network, {3, 32, 32}, 10), count) << network;
}

TEST(Networks, HaveTheLayersThatTheDocumentsName) {
  const ImageShape image{3, 64, 64};
  EXPECT_EQ(layer_names(*make("resnet18", image)), (Names{"conv1", "layer1", "layer2", "layer3", "layer4"}));
  EXPECT_EQ(
      layer_names(*make("resnet18", image, {{"units", std::string("block")}})),
      (Names{"conv1", "layer1.0", "layer1.1", "layer2.0", "layer2.1", "layer3.0", "layer3.1", "layer4.0", "layer4.1"}));
  EXPECT_EQ(layer_names(*make("resnet20", {3, 32, 32})), (Names{"conv1", "layer1", "layer2", "layer3"}));
  EXPECT_EQ(layer_names(*make("mobilenet_v2", image)),
            (Names{"conv1", "stage1", "stage2", "stage3", "stage4", "stage5", "stage6", "stage7", "conv_last"}));
  const Names blocks = layer_names(*make("mobilenet_v2", image, {{"units", std::string("block")}}));
  EXPECT_EQ(blocks.size(), 19u);
  EXPECT_EQ(blocks[17], "block17");
  EXPECT_EQ(layer_names(*make("squeezenet1_1", image)),
            (Names{"conv1", "fire2", "fire3", "fire4", "fire5", "fire6", "fire7", "fire8", "fire9"}));
  EXPECT_EQ(layer_names(*make("vgg11", image)), (Names{"conv1_1", "conv2_1", "conv3_1", "conv3_2", "conv4_1", "conv4_2",
                                                       "conv5_1", "conv5_2", "fc6", "fc7"}));
  EXPECT_EQ(layer_names(*make("alexnet", image)), (Names{"conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7"}));
  EXPECT_EQ(layer_names(*make("vit_tiny", image)).size(), 13u);
}

TEST(Networks, AreTheSameInStagesAndInBlocks) {
  for (const std::string network : {"resnet18", "resnet20", "mobilenet_v2"}) {
    Model stages(make(network, {3, 32, 32}), 10),
        blocks(make(network, {3, 32, 32}, {{"units", std::string("block")}}), 10);
    for (Model* model : {&stages, &blocks}) {
      TransferPlan plan = evaluation_of(model->backbone());
      std::fill(plan.weights.begin(), plan.weights.end(), Weights::Fresh);
      plan.head = Weights::Fresh;
      model->initialise(plan, nullptr, 1);
      model->eval();
    }
    at::NoGradGuard no_grad;
    const at::Tensor x = at::randn({2, 3, 32, 32});
    EXPECT_TRUE(stages.forward(x).equal(blocks.forward(x))) << network;
    EXPECT_EQ(stages.state().size(), blocks.state().size());
  }
}

TEST(Networks, TakeImagesOfOtherSizesAndChannels) {
  for (const auto& [network, image] : std::vector<std::pair<std::string, ImageShape>>{{"resnet18", {1, 28, 28}},
                                                                                      {"resnet20", {1, 28, 28}},
                                                                                      {"mobilenet_v2", {1, 33, 40}},
                                                                                      {"squeezenet1_1", {1, 17, 17}},
                                                                                      {"alexnet", {1, 63, 63}},
                                                                                      {"vit_tiny", {1, 32, 48}}}) {
    const auto backbone = make(network, image);
    EXPECT_TRUE(backbone->input().mean.empty()) << network;
    Model model(make(network, image), 4);
    model.initialise(uniform_plan(network_facts(*backbone, 0), Weights::Fresh, {}), nullptr, 1);
    model.eval();
    at::NoGradGuard no_grad;
    const at::Tensor x = at::randn({2, image.channels, image.height, image.width});
    EXPECT_EQ(pooled(model.features(x, model.layers())).sizes(), at::IntArrayRef({2, backbone->feature_width()}));
    EXPECT_EQ(model.forward(x).sizes(), at::IntArrayRef({2, 4})) << network;
  }
  EXPECT_NE(error_of([] { make("vgg11", {3, 31, 64}); }).hint().find("32x32"), std::string::npos);
  EXPECT_NE(error_of([] { make("alexnet", {3, 64, 62}); }).hint().find("63x63"), std::string::npos);
  EXPECT_NE(error_of([] { make("squeezenet1_1", {3, 16, 16}); }).hint().find("17x17"), std::string::npos);
  EXPECT_NE(error_of([] { make("vit_tiny", {3, 40, 32}); }).message().find("patches of 16x16"), std::string::npos);
}

TEST(Networks, SayWhatTheirWeightsWereTrainedOn) {
  const InputCard imagenet = make("resnet18", {3, 64, 64})->input();
  EXPECT_EQ(imagenet.mean, (std::vector<double>{0.485, 0.456, 0.406}));
  EXPECT_EQ(imagenet.std, (std::vector<double>{0.229, 0.224, 0.225}));
  EXPECT_EQ(imagenet.size, 224);
  EXPECT_EQ(imagenet.resize, 256);
  EXPECT_EQ(imagenet.interpolation, "bilinear");
  EXPECT_EQ(make("vit_small", {3, 64, 64})->input().interpolation, "bicubic");
  EXPECT_EQ(make("resnet20", {3, 32, 32})->input().size, 32);
}

TEST(Vit, KnowsTheNamesOfDeitAndTimm) {
  const auto vit = make("vit_tiny", {3, 32, 32});
  const std::map<std::string, std::string> names = {
      {"cls_token", "class_token"},
      {"pos_embed", "encoder.pos_embedding"},
      {"patch_embed.proj.weight", "conv_proj.weight"},
      {"blocks.0.norm1.weight", "encoder.layers.encoder_layer_0.ln_1.weight"},
      {"blocks.11.attn.qkv.bias", "encoder.layers.encoder_layer_11.self_attention.in_proj_bias"},
      {"blocks.3.attn.proj.weight", "encoder.layers.encoder_layer_3.self_attention.out_proj.weight"},
      {"blocks.3.norm2.bias", "encoder.layers.encoder_layer_3.ln_2.bias"},
      {"blocks.3.mlp.fc1.weight", "encoder.layers.encoder_layer_3.mlp.0.weight"},
      {"blocks.3.mlp.fc2.weight", "encoder.layers.encoder_layer_3.mlp.3.weight"},
      {"norm.weight", "encoder.ln.weight"},
      {"encoder.layers.encoder_layer_11.mlp.linear_1.weight", "encoder.layers.encoder_layer_11.mlp.0.weight"},
      {"encoder.layers.encoder_layer_0.mlp.linear_2.bias", "encoder.layers.encoder_layer_0.mlp.3.bias"},
      {"head.bias", "heads.head.bias"},
      {"encoder.ln.bias", "encoder.ln.bias"}};
  const TensorMap own = Model(make("vit_tiny", {3, 32, 32}), 10).state();
  for (const auto& [theirs, ours] : names) {
    EXPECT_EQ(vit->own_name(theirs), ours);
    EXPECT_EQ(own.count(ours), 1u) << ours;
  }
}

TEST(ResNet, KnowsTheNumbersOfItsChildren) {
  Model model(make("resnet18", {3, 64, 64}), 10);
  TransferPlan plan = evaluation_of(model.backbone());
  plan.head = Weights::Fresh;
  GivenTensors given;  // SimCLR by lightly
  const std::map<std::string, std::string> numbers = {{"conv1", "0"},  {"bn1", "1"},    {"layer1", "4"},
                                                      {"layer2", "5"}, {"layer3", "6"}, {"layer4", "7"}};
  for (const auto& [name, tensor] : model.state())
    if (const auto number = numbers.find(name.substr(0, name.find('.'))); number != numbers.end())
      given.tensors.push_back({"backbone." + number->second + name.substr(name.find('.')), tensor.sizes().vec()});
  given.tensors.push_back({"projection_head.layers.0.weight", {4, 4}});
  EXPECT_THAT(model.fit(plan, given).faults, ::testing::IsEmpty());
}

TEST(Vit, InterpolatesPositionsAsTorchvisionDoes) {
  NEEDS_PYTORCH();
  const at::Tensor theirs = filled("encoder.pos_embedding", {1, 197, 192});
  for (const std::int64_t side : {32, 96, 224, 288}) {
    const at::Tensor wanted =
        read_weights(oracle("positions") / (std::to_string(side) + ".safetensors")).tensors.at("p");
    const at::Tensor made =
        make("vit_tiny", {3, side, side})->adapted("encoder.pos_embedding", theirs, wanted.sizes().vec());
    ASSERT_EQ(made.sizes(), wanted.sizes());
    EXPECT_LT(made.sub(wanted).abs().max().item<double>(), 1e-6) << side;
  }
}

TEST(Vit, MakesNothingOfPositionsOfAnotherKind) {
  const auto vit = make("vit_tiny", {3, 32, 32});
  const std::vector<std::int64_t> shape = {1, 5, 192};
  EXPECT_FALSE(vit->adapted("encoder.pos_embedding", at::zeros({1, 198, 192}), shape).defined())
      << "with a token for distillation";
  EXPECT_FALSE(vit->adapted("encoder.pos_embedding", at::zeros({1, 197, 384}), shape).defined());
  EXPECT_FALSE(vit->adapted("class_token", at::zeros({1, 2, 192}), {1, 1, 192}).defined());
}

TEST(Vit, SaysThatANetworkIsDistilled) {
  Model model(make("vit_tiny", {3, 32, 32}), 10);
  const TransferPlan plan = evaluation_of(model.backbone());
  GivenTensors given;
  for (const auto& [name, tensor] : model.state()) given.tensors.push_back({name, tensor.sizes().vec()});
  for (const char* second : {"dist_token", "head_dist.weight"}) given.tensors.push_back({second, {1}});
  const Fit fit = model.fit(plan, given);
  EXPECT_THAT(fit.faults, ::testing::SizeIs(1));
  EXPECT_THAT(fit.hint, ::testing::HasSubstr("distilled"));
}

TEST(Vgg, TakesTimmsConvolutionsForItsDenseLayers) {
  const auto vgg = make("vgg11", {3, 32, 32});
  EXPECT_EQ(vgg->own_name("pre_logits.fc1.weight"), "classifier.0.weight");
  EXPECT_EQ(vgg->own_name("head.fc.bias"), "classifier.6.bias");
  EXPECT_EQ(vgg->own_name("features.0.weight"), "features.0.weight");
  const at::Tensor theirs = filled("x", {4096, 4096, 1, 1});
  EXPECT_TRUE(vgg->adapted("classifier.3.weight", theirs, {4096, 4096}).equal(theirs.flatten(1)));
  EXPECT_FALSE(vgg->adapted("classifier.3.weight", at::zeros({4096, 512, 1, 1}), {4096, 4096}).defined());
  EXPECT_FALSE(vgg->adapted("features.0.weight", at::zeros({4096, 4096, 1, 1}), {4096, 4096}).defined());
}

TEST(MobileNetV2, KnowsTimmsNames) {
  const auto net = make("mobilenet_v2", {3, 32, 32});
  const std::map<std::string, std::string> names = {{"conv_stem.weight", "features.0.0.weight"},
                                                    {"bn1.running_var", "features.0.1.running_var"},
                                                    {"blocks.0.0.conv_dw.weight", "features.1.conv.0.0.weight"},
                                                    {"blocks.0.0.bn2.bias", "features.1.conv.2.bias"},
                                                    {"blocks.1.0.conv_pw.weight", "features.2.conv.0.0.weight"},
                                                    {"blocks.6.0.conv_pwl.weight", "features.17.conv.2.weight"},
                                                    {"blocks.5.2.bn3.weight", "features.16.conv.3.weight"},
                                                    {"conv_head.weight", "features.18.0.weight"},
                                                    {"classifier.weight", "classifier.1.weight"},
                                                    // None of its own.
                                                    {"blocks.7.0.conv_pw.weight", "blocks.7.0.conv_pw.weight"},
                                                    {"blocks.6.1.conv_pw.weight", "blocks.6.1.conv_pw.weight"},
                                                    {"blocks.10.0.conv_pw.weight", "blocks.10.0.conv_pw.weight"},
                                                    {"blocks.1.0.se.weight", "blocks.1.0.se.weight"},
                                                    {"classifier.1.weight", "classifier.1.weight"}};
  for (const auto& [theirs, ours] : names) EXPECT_EQ(net->own_name(theirs), ours);
}

TEST(Vit, LeavesNoTokenOfAnotherNetworkAlone) {
  Model model(make("vit_tiny", {3, 32, 32}), 10);
  TransferPlan plan = evaluation_of(model.backbone());
  plan.head = Weights::Fresh;
  const auto faults = [&](const std::string& extra) {
    GivenTensors given;
    for (const auto& [name, tensor] : model.state()) given.tensors.push_back({name, tensor.sizes().vec()});
    given.tensors.push_back({extra, {1}});
    return model.fit(plan, given).faults.size();
  };
  for (const char* acts : {"reg_token", "dist_token", "norm_pre.weight", "patch_embed.norm.weight",
                           "encoder.layers.encoder_layer_12.ln_1.weight", "blocks.0.ls1.gamma"})
    EXPECT_EQ(faults(acts), 1u) << acts;
  for (const char* beside : {"decoder_blocks.0.norm1.weight", "mask_token", "pre_logits.fc.weight", "head_dist.weight",
                             "heads.pre_logits.weight"})
    EXPECT_EQ(faults(beside), 0u) << beside;
}

}  // namespace
}  // namespace cambium::test
