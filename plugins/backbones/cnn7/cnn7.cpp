#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace {

using namespace cambium;

/// [N, in, H, W] to [N, out, H', W']: 3x3 convolution, normalised if asked, ReLU, and 2x2 max pooling if `pool`. One unit to cut at:
/// ReLU and pooling are no layers of their own.
class ConvLayer : public nn::Sequential {
 public:
  ConvLayer(std::int64_t in, std::int64_t out, bool batch_norm, bool pool) {
    add<nn::Conv2d>("conv", in, out, nn::ConvOptions{.padding = 1, .bias = !batch_norm});
    if (batch_norm) add<nn::BatchNorm>("norm", out);
    add<nn::ReLU>("");
    if (pool) add<nn::MaxPool2d>("", 2);
  }
};

/// [N, ...] to [N, out]: dense, normalised if asked, ReLU, dropout.
class DenseLayer : public nn::Sequential {
 public:
  DenseLayer(std::int64_t in, std::int64_t out, bool batch_norm, double dropout) {
    add<nn::Flatten>("");
    add<nn::Linear>("linear", in, out, !batch_norm);
    if (batch_norm) add<nn::BatchNorm>("norm", out);
    add<nn::ReLU>("");
    if (dropout > 0) add<nn::Dropout>("", dropout);
  }
};

/// Five convolutional and two dense layers in AlexNet's shape, so that with the head there are the eight of Yosinski et al. 2014.
class Cnn7 : public Backbone {
 public:
  Cnn7(const Params& params, const ImageShape& shape) {
    if (shape.height < 8 || shape.width < 8)
      throw Error(ErrorKind::Plugin, "cnn7 needs images of at least 8x8 pixels, and these have " + std::to_string(shape.height) + "x" + std::to_string(shape.width),
                  "take backbone mlp, or larger images");
    const std::int64_t w = params.integer("width");
    const bool norm = params.boolean("batch_norm");
    add_layer<ConvLayer>("conv1", shape.channels, w, norm, true);
    add_layer<ConvLayer>("conv2", w, 2 * w, norm, true);
    add_layer<ConvLayer>("conv3", 2 * w, 4 * w, norm, false);
    add_layer<ConvLayer>("conv4", 4 * w, 4 * w, norm, false);
    add_layer<ConvLayer>("conv5", 4 * w, 4 * w, norm, true);
    add_layer<DenseLayer>("fc6", 4 * w * (shape.height / 8) * (shape.width / 8), 8 * w, norm, params.number("dropout"));
    add_layer<DenseLayer>("fc7", 8 * w, 8 * w, norm, params.number("dropout"));
    set_feature_width(8 * w);
  }
};

}  // namespace

CAMBIUM_PLUGIN("cnn7", "1", registry) {
  registry.add_backbone("cnn7", "seven layers to cut at: conv1 .. conv5, fc6, fc7 (AlexNet's shape)",
                        Schema()
                            .integer("width", 32, {1, 1024}, "channels of conv1; the others have 2, 4, 4, 4 times, the dense layers 8 times as many")
                            .boolean("batch_norm", true, "batch normalisation in each layer")
                            .number("dropout", 0.0, {0, 0.95}, "dropout after each dense layer"),
                        [](const Params& params, const ImageShape& shape) { return std::make_unique<Cnn7>(params, shape); });
}
