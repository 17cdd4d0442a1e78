#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace {

using namespace cambium;

/// [N, in, H, W] to [N, out, H', W']: 5x5 convolution, ReLU, 2x2 max pooling.
class ConvLayer : public nn::Sequential {
 public:
  ConvLayer(std::int64_t in, std::int64_t out, std::int64_t padding) {
    add<nn::Conv2d>("", in, out, nn::ConvOptions{.kernel = 5, .padding = padding});
    add<nn::ReLU>("");
    add<nn::MaxPool2d>("", 2);
  }
};

/// [N, ...] to [N, out]: dense, ReLU.
class DenseLayer : public nn::Sequential {
 public:
  DenseLayer(std::int64_t in, std::int64_t out) {
    add<nn::Flatten>("");
    add<nn::Linear>("", in, out);
    add<nn::ReLU>("");
  }
};

/// LeNet-5 (LeCun et al. 1998) as it is built today, with ReLU and max pooling: 61,706 parameters with a head of 10 classes
/// on one channel. Images of 28 pixels are padded to 32, as in the paper.
class LeNet5 : public Backbone {
 public:
  explicit LeNet5(const ImageShape& shape) {
    const std::int64_t padding = shape.height <= 28 ? 2 : 0;
    const auto side = [&](std::int64_t pixels) { return ((pixels + 2 * padding - 4) / 2 - 4) / 2; };
    const std::int64_t height = side(shape.height), width = side(shape.width);
    if (height < 1 || width < 1)
      throw Error(ErrorKind::Plugin, "lenet5 needs images of at least 12x12 pixels, and these have " + std::to_string(shape.height) + "x" + std::to_string(shape.width),
                  "take backbone mlp, or larger images");
    add_layer<ConvLayer>("conv1", shape.channels, 6, padding);
    add_layer<ConvLayer>("conv2", 6, 16, 0);
    add_layer<DenseLayer>("fc3", 16 * height * width, 120);
    add_layer<DenseLayer>("fc4", 120, 84);
    set_feature_width(84);
  }
};

}  // namespace

CAMBIUM_PLUGIN("lenet5", "1", registry) {
  registry.add_backbone("lenet5", "LeNet-5 with ReLU and max pooling: conv1, conv2, fc3, fc4", Schema(),
                        [](const Params&, const ImageShape& shape) { return std::make_unique<LeNet5>(shape); });
}
