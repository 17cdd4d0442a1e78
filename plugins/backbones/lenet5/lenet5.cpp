#include <algorithm>
#include <memory>
#include <string>

#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

constexpr std::int64_t kSmallest = 12;  ///< pixels a side; below, the second pooling has nothing left to pool

/// LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998, section II.B) in the common form: ReLU for tanh, max pooling for
/// trainable subsampling, all maps connected. [N, C, H, W] to [N, 84]; with a head of 10 classes and one channel,
/// 61,706 parameters. As in the paper, images smaller than 32x32 get a border of 2, so that 28x28 and 32x32 make the
/// same network.
class LeNet5 : public Backbone {
 public:
  explicit LeNet5(const ImageShape& image) {
    const std::int64_t border = std::min(image.height, image.width) < 32 ? 2 : 0;
    if (std::min(image.height, image.width) < kSmallest)
      throw Error(
          ErrorKind::Plugin,
          "lenet5: images of " + std::to_string(image.height) + "x" + std::to_string(image.width) + " are too small",
          "it needs at least 12x12; mlp takes any size");
    const auto pooled = [&](std::int64_t side) { return ((side + 2 * border - 4) / 2 - 4) / 2; };

    add_layer<nn::Sequential>("conv1")
        .add<nn::Conv2d>("", image.channels, 6, nn::ConvOptions{.kernel = 5, .padding = border})
        .add<nn::ReLU>("relu")
        .add<nn::MaxPool2d>("pool", 2);
    add_layer<nn::Sequential>("conv2")
        .add<nn::Conv2d>("", 6, 16, nn::ConvOptions{.kernel = 5})
        .add<nn::ReLU>("relu")
        .add<nn::MaxPool2d>("pool", 2);
    add_layer<nn::Sequential>("fc3")
        .add<nn::Flatten>("flatten")
        .add<nn::Linear>("", 16 * pooled(image.height) * pooled(image.width), 120)
        .add<nn::ReLU>("relu");
    add_layer<nn::Sequential>("fc4").add<nn::Linear>("", 120, 84).add<nn::ReLU>("relu");
    set_feature_width(84);
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("lenet5", "1", registry) {
  using namespace cambium;
  registry.add_backbone("lenet5", "LeNet-5 (LeCun et al. 1998) with ReLU and max pooling: conv1, conv2, fc3, fc4",
                        Schema(),
                        [](const Params&, const ImageShape& image) { return std::make_unique<LeNet5>(image); });
}
