#include <memory>
#include <string>

#include "blocks/card.h"
#include "blocks/residual.h"
#include "blocks/staged.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

/// ResNet for CIFAR (He et al. 2016, section 4.2): 6n + 2 layers with weights, 16, 32 and 64 channels, shortcuts
/// without parameters. [N, C, H, W] to [N, 64]. Names of the public weights: conv1, bn1, layer1.0.conv1, ..., linear.
class CifarResNet : public blocks::Staged {
 public:
  CifarResNet(const Params& params, const ImageShape& image, int depth) : Staged(params) {
    add_layer_as<nn::Sequential>("conv1", "")
        .add<nn::Conv2d>("conv1", image.channels, 16, blocks::conv(16, 3))
        .add<nn::BatchNorm>("bn1", 16)
        .add<nn::ReLU>("relu");
    std::int64_t channels = 16;
    for (int s = 0; s < 3; ++s) {
      const std::string stage = "layer" + std::to_string(s + 1);
      const std::int64_t width = std::int64_t{16} << s;
      for (int b = 0; b < (depth - 2) / 6; ++b) {
        const std::string at = std::to_string(b);
        add_block<blocks::BasicBlock>(stage, stage + "." + at, stage + ".", at, channels, width,
                                      s > 0 && b == 0 ? 2 : 1, blocks::Shortcut::Padding);
        channels = width;
      }
    }
    end_with_pool(channels);
    InputCard card = blocks::imagenet_card(image);  // the public weights keep ImageNet's mean and deviation
    card.size = 32;
    card.resize = 0;
    set_input(card);
  }
  std::string head_name() const override { return "linear"; }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("cifar_resnet", "1", registry) {
  using namespace cambium;
  for (const int depth : {20, 32, 44, 56})
    registry.add_backbone("resnet" + std::to_string(depth),
                          "ResNet for CIFAR (He et al. 2016, section 4.2): conv1, layer1 to layer3",
                          blocks::Staged::schema(), [depth](const Params& params, const ImageShape& image) {
                            return std::make_unique<CifarResNet>(params, image, depth);
                          });
}
