#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>

#include <memory>
#include <string>

#include "blocks/card.h"
#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

/// A convolution as torchvision starts SqueezeNet's: He-uniform with the fan-in, bias 0.
nn::ConvOptions conv(std::int64_t in, std::int64_t kernel, std::int64_t stride = 1, std::int64_t padding = 0) {
  nn::ConvOptions options{.kernel = kernel, .stride = stride, .padding = padding};
  options.weight_init = Init::he_uniform(options.fan_in(in));
  return options;
}

/// 1x1 down to `narrow` channels, then `each` by 1x1 and as many by 3x3, side by side: 2 each (Iandola et al. 2016,
/// section 3.2).
class Fire : public Module {
 public:
  Fire(std::int64_t in, std::int64_t narrow, std::int64_t each)
      : squeeze_(child<nn::Conv2d>("squeeze", in, narrow, conv(in, 1))),
        one_(child<nn::Conv2d>("expand1x1", narrow, each, conv(narrow, 1))),
        three_(child<nn::Conv2d>("expand3x3", narrow, each, conv(narrow, 3, 1, 1))) {}
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor y = at::relu(squeeze_.forward(x));
    return at::relu(at::cat({one_.forward(y), three_.forward(y)}, 1));
  }

 private:
  Module &squeeze_, &one_, &three_;
};

/// SqueezeNet 1.1 (Iandola et al. 2016, and their release of 1.1), with torchvision's names: [N, C, H, W] to maps [N,
/// 512, H', W']. Its head is a convolution over them.
class SqueezeNet : public Backbone {
 public:
  explicit SqueezeNet(const ImageShape& image) {
    blocks::need_size(image, 17, "squeezenet1_1");
    add_layer_as<nn::Sequential>("conv1", "features.")
        .add<nn::Conv2d>("0", image.channels, 64, conv(image.channels, 3, 2))
        .add<nn::ReLU>("1")
        .add<nn::MaxPool2d>("2", 3, 2, 0, true);
    fire("fire2", "3", 64, 16, 64);
    fire("fire3", "4", 128, 16, 64).add<nn::MaxPool2d>("5", 3, 2, 0, true);
    fire("fire4", "6", 128, 32, 128);
    fire("fire5", "7", 256, 32, 128).add<nn::MaxPool2d>("8", 3, 2, 0, true);
    fire("fire6", "9", 256, 48, 192);
    fire("fire7", "10", 384, 48, 192);
    fire("fire8", "11", 384, 64, 256);
    fire("fire9", "12", 512, 64, 256);
    set_feature_width(512);
    set_input(blocks::imagenet_card(image));
  }
  std::string head_name() const override { return "classifier"; }
  std::unique_ptr<Module> make_head(std::int64_t classes) const override {
    auto head = std::make_unique<nn::Sequential>();
    head->add<nn::Dropout>("0", 0.5)
        .add<nn::Conv2d>("1", 512, classes, nn::ConvOptions{.kernel = 1, .weight_init = Init::normal(0.01)})
        .add<nn::ReLU>("2")
        .add<nn::GlobalAveragePool>("3");
    return head;
  }

 private:
  nn::Sequential& fire(const std::string& name, const std::string& at, std::int64_t in, std::int64_t narrow,
                       std::int64_t each) {
    return add_layer_as<nn::Sequential>(name, "features.").add<Fire>(at, in, narrow, each);
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("squeezenet", "1", registry) {
  using namespace cambium;
  registry.add_backbone("squeezenet1_1",
                        "SqueezeNet 1.1 (Iandola et al. 2016), torchvision's names: conv1, fire2 to fire9", Schema(),
                        [](const Params&, const ImageShape& image) { return std::make_unique<SqueezeNet>(image); });
}
