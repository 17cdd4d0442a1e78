#include <algorithm>
#include <memory>
#include <string>

#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

constexpr std::int64_t kSmallest = 8;  ///< pixels a side; three poolings leave one

/// AlexNet's shape for small images: with the head, the eight layers of Yosinski et al. 2014 (arXiv 1411.1792).
/// [N, C, H, W] to [N, 8 width]. Each layer is one unit to cut at: its normalisation, ReLU, pooling and dropout belong
/// to it. Names: conv1.weight, conv1.bias, or with batch norm conv1.weight, conv1.norm.*, whose shift takes the place
/// of the bias.
class Cnn7 : public Backbone {
 public:
  Cnn7(const Params& params, const ImageShape& image)
      : batch_norm_(params.boolean("batch_norm")), dropout_(params.number("dropout")), channels_(image.channels) {
    if (std::min(image.height, image.width) < kSmallest)
      throw Error(
          ErrorKind::Plugin,
          "cnn7: images of " + std::to_string(image.height) + "x" + std::to_string(image.width) + " are too small",
          "it needs at least 8x8, and is meant for 28x28 and more; mlp takes any size");
    const std::int64_t width = params.integer("width");
    conv("conv1", width, true);
    conv("conv2", 2 * width, true);
    conv("conv3", 4 * width, false);
    conv("conv4", 4 * width, false);
    conv("conv5", 4 * width, true);
    dense("fc6", 4 * width * (image.height / 8) * (image.width / 8), 8 * width, true);
    dense("fc7", 8 * width, 8 * width, false);
    set_feature_width(8 * width);
  }

 private:
  void conv(const std::string& name, std::int64_t out, bool pool) {
    auto& layer = add_layer<nn::Sequential>(name);
    layer.add<nn::Conv2d>("", channels_, out, nn::ConvOptions{.kernel = 3, .padding = 1, .bias = !batch_norm_});
    if (batch_norm_) layer.add<nn::BatchNorm>("norm", out);
    layer.add<nn::ReLU>("relu");
    if (pool) layer.add<nn::MaxPool2d>("pool", 2);
    channels_ = out;
  }

  void dense(const std::string& name, std::int64_t in, std::int64_t out, bool flatten) {
    auto& layer = add_layer<nn::Sequential>(name);
    if (flatten) layer.add<nn::Flatten>("flatten");
    layer.add<nn::Linear>("", in, out, !batch_norm_);
    if (batch_norm_) layer.add<nn::BatchNorm>("norm", out);
    layer.add<nn::ReLU>("relu").add<nn::Dropout>("dropout", dropout_);
  }

  bool batch_norm_;
  double dropout_;
  std::int64_t channels_;  ///< of what the next convolution gets
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("cnn7", "1", registry) {
  using namespace cambium;
  registry.add_backbone(
      "cnn7", "AlexNet's shape for small images, for layer studies: conv1 to conv5, fc6, fc7",
      Schema()
          .integer("width", 32, {1, 1024}, "channels of conv1; then 2, 4, 4, 4 times as many, dense layers 8 times")
          .boolean("batch_norm", true, "batch normalisation in all seven layers, before the ReLU")
          .number("dropout", 0.0, {0, 0.99}, "share of the outputs of fc6 and fc7 that is dropped in training"),
      [](const Params& params, const ImageShape& image) { return std::make_unique<Cnn7>(params, image); });
}
