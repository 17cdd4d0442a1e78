#include <memory>
#include <string>

#include "blocks/card.h"
#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

/// AlexNet in its one-column form (Krizhevsky 2014, arXiv 1404.5997), with torchvision's names: [N, C, H, W] to [N,
/// 4096]. With the head, the eight layers of Yosinski et al. 2014. An adaptive average pool makes 6x6 of whatever size
/// the maps have.
class AlexNet : public Backbone {
 public:
  explicit AlexNet(const ImageShape& image) : channels_(image.channels) {
    blocks::need_size(image, 63, "alexnet");
    conv("conv1", "0", 64, {.kernel = 11, .stride = 4, .padding = 2}).add<nn::MaxPool2d>("2", 3, 2);
    conv("conv2", "3", 192, {.kernel = 5, .padding = 2}).add<nn::MaxPool2d>("5", 3, 2);
    conv("conv3", "6", 384, {.kernel = 3, .padding = 1});
    conv("conv4", "8", 256, {.kernel = 3, .padding = 1});
    conv("conv5", "10", 256, {.kernel = 3, .padding = 1}).add<nn::MaxPool2d>("12", 3, 2);
    add_layer_as<nn::Sequential>("fc6", "classifier.")
        .add<nn::AdaptiveAveragePool>("avgpool", 6)
        .add<nn::Flatten>("flatten")
        .add<nn::Dropout>("0", 0.5)
        .add<nn::Linear>("1", 256 * 6 * 6, 4096)
        .add<nn::ReLU>("2");
    add_layer_as<nn::Sequential>("fc7", "classifier.")
        .add<nn::Dropout>("3", 0.5)
        .add<nn::Linear>("4", 4096, 4096)
        .add<nn::ReLU>("5");
    set_feature_width(4096);
    set_input(blocks::imagenet_card(image));
  }
  std::string head_name() const override { return "classifier.6"; }

 private:
  /// A convolution with its ReLU, started as torch starts one.
  nn::Sequential& conv(const std::string& name, const std::string& at, std::int64_t out, nn::ConvOptions options) {
    options.weight_init = options.bias_init = Init::fan_in_uniform(options.fan_in(channels_));
    auto& layer = add_layer_as<nn::Sequential>(name, "features.");
    layer.add<nn::Conv2d>(at, channels_, out, options).add<nn::ReLU>("relu");
    channels_ = out;
    return layer;
  }

  std::int64_t channels_;  ///< of what the next convolution gets
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("alexnet", "1", registry) {
  using namespace cambium;
  registry.add_backbone("alexnet", "AlexNet (Krizhevsky 2014), torchvision's names: conv1 to conv5, fc6, fc7", Schema(),
                        [](const Params&, const ImageShape& image) { return std::make_unique<AlexNet>(image); });
}
