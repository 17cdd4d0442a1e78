#include <array>
#include <map>
#include <memory>
#include <string>

#include "blocks/card.h"
#include "blocks/residual.h"
#include "blocks/staged.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

/// ResNet for ImageNet (He et al. 2016, table 1), with torchvision's names: [N, C, H, W] to [N, 512 expansion]. The
/// average pool belongs to the last layer.
template <class Block>
class ResNet : public blocks::Staged {
 public:
  ResNet(const Params& params, const ImageShape& image, const std::array<int, 4>& depths) : Staged(params) {
    add_layer_as<nn::Sequential>("conv1", "")
        .template add<nn::Conv2d>("conv1", image.channels, 64, blocks::conv(64, 7, 2))
        .template add<nn::BatchNorm>("bn1", 64)
        .template add<nn::ReLU>("relu")
        .template add<nn::MaxPool2d>("maxpool", 3, 2, 1);
    std::int64_t channels = 64;
    for (std::size_t s = 0; s < depths.size(); ++s) {
      const std::string stage = "layer" + std::to_string(s + 1);
      const std::int64_t width = std::int64_t{64} << s;
      for (int b = 0; b < depths[s]; ++b) {
        const std::string at = std::to_string(b);
        add_block<Block>(stage, stage + "." + at, stage + ".", at, channels, width, s > 0 && b == 0 ? 2 : 1);
        channels = Block::kExpansion * width;
      }
    }
    end_with_pool(channels);
    set_input(blocks::imagenet_card(image));
  }
  std::string head_name() const override { return "fc"; }
  /// From the numbers that nn.Sequential(*resnet.children()) gives, as training code of self-supervision likes to have
  /// it.
  std::string own_name(const std::string& theirs) const override {
    static const std::map<std::string, std::string> kChildren = {{"0", "conv1"},  {"1", "bn1"},    {"4", "layer1"},
                                                                 {"5", "layer2"}, {"6", "layer3"}, {"7", "layer4"}};
    const std::size_t dot = theirs.find('.');
    const auto child = kChildren.find(theirs.substr(0, dot));
    return child == kChildren.end() || dot == std::string::npos ? theirs : child->second + theirs.substr(dot);
  }
};

template <class Block>
void add(Registry& registry, const std::string& name, const std::array<int, 4>& depths) {
  registry.add_backbone(name, "ResNet for ImageNet (He et al. 2016), torchvision's names: conv1, layer1 to layer4",
                        blocks::Staged::schema(), [depths](const Params& params, const ImageShape& image) {
                          return std::make_unique<ResNet<Block>>(params, image, depths);
                        });
}

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("resnet", "1", registry) {
  using namespace cambium;
  add<blocks::BasicBlock>(registry, "resnet18", {2, 2, 2, 2});
  add<blocks::BasicBlock>(registry, "resnet34", {3, 4, 6, 3});
  add<blocks::Bottleneck>(registry, "resnet50", {3, 4, 6, 3});
}
