#include <memory>
#include <string>
#include <utility>

#include "blocks/card.h"
#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

const Init kDense = Init::normal(0.01), kZero = Init::constant(0);

/// VGG with 11 layers (Simonyan and Zisserman 2015, table 1, A), with torchvision's names: [N, C, H, W] to [N, 4096].
/// An adaptive average pool makes 7x7 of whatever size the maps have.
class Vgg11 : public Backbone {
 public:
  explicit Vgg11(const ImageShape& image) : channels_(image.channels) {
    blocks::need_size(image, 32, "vgg11");
    conv("conv1_1", 64, true);
    conv("conv2_1", 128, true);
    conv("conv3_1", 256, false);
    conv("conv3_2", 256, true);
    conv("conv4_1", 512, false);
    conv("conv4_2", 512, true);
    conv("conv5_1", 512, false);
    conv("conv5_2", 512, true);
    add_layer_as<nn::Sequential>("fc6", "classifier.")
        .add<nn::AdaptiveAveragePool>("avgpool", 7)
        .add<nn::Flatten>("flatten")
        .add<nn::Linear>("0", 512 * 7 * 7, 4096, kDense, kZero)
        .add<nn::ReLU>("1")
        .add<nn::Dropout>("2", 0.5);
    add_layer_as<nn::Sequential>("fc7", "classifier.")
        .add<nn::Linear>("3", 4096, 4096, kDense, kZero)
        .add<nn::ReLU>("4")
        .add<nn::Dropout>("5", 0.5);
    set_feature_width(4096);
    set_input(blocks::imagenet_card(image));
  }
  std::string head_name() const override { return "classifier.6"; }
  /// From timm's names, whose dense layers are convolutions.
  std::string own_name(const std::string& theirs) const override {
    for (const auto& [start, own] : {std::pair{"pre_logits.fc1.", "classifier.0."},
                                     {"pre_logits.fc2.", "classifier.3."},
                                     {"head.fc.", "classifier.6."}})
      if (theirs.rfind(start, 0) == 0) return own + theirs.substr(std::string(start).size());
    return theirs;
  }
  at::Tensor adapted(const std::string& name, const at::Tensor& theirs,
                     const std::vector<std::int64_t>& shape) const override {
    const bool dense = name == "classifier.0.weight" || name == "classifier.3.weight";
    return dense && theirs.dim() == 4 && theirs.size(0) == 4096 && theirs.flatten(1).sizes() == at::IntArrayRef(shape)
               ? theirs.flatten(1)
               : at::Tensor();
  }
  std::unique_ptr<Module> make_head(std::int64_t classes) const override {
    return std::make_unique<nn::Linear>(feature_width(), classes, kDense, kZero);
  }

 private:
  void conv(const std::string& name, std::int64_t out, bool pool) {
    nn::ConvOptions options{.kernel = 3, .padding = 1};
    options.weight_init = Init::he_normal(options.fan_out(out));
    auto& layer = add_layer_as<nn::Sequential>(name, "features.");
    layer.add<nn::Conv2d>(std::to_string(at_), channels_, out, options).add<nn::ReLU>("relu");
    if (pool) layer.add<nn::MaxPool2d>("pool", 2);
    at_ += pool ? 3 : 2;
    channels_ = out;
  }

  std::int64_t channels_;  ///< of what the next convolution gets
  int at_ = 0;             ///< its place in torchvision's list
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("vgg", "1", registry) {
  using namespace cambium;
  registry.add_backbone(
      "vgg11", "VGG-11 (Simonyan and Zisserman 2015), torchvision's names: conv1_1 to conv5_2, fc6, fc7", Schema(),
      [](const Params&, const ImageShape& image) { return std::make_unique<Vgg11>(image); });
}
