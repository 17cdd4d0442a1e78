#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace {

using namespace cambium;

/// [N, ...] to [N, out]: dense, normalised if asked, ReLU, dropout.
class DenseLayer : public nn::Sequential {
 public:
  DenseLayer(std::int64_t in, std::int64_t out, bool batch_norm, double dropout) {
    add<nn::Flatten>("");
    add<nn::Linear>("linear", in, out);
    if (batch_norm) add<nn::BatchNorm>("norm", out);
    add<nn::ReLU>("");
    if (dropout > 0) add<nn::Dropout>("", dropout);
  }
};

/// Dense layers fc1, fc2, ...
class Mlp : public Backbone {
 public:
  Mlp(const Params& params, const ImageShape& shape) {
    std::int64_t width = shape.channels * shape.height * shape.width;
    int index = 0;
    for (std::int64_t next : params.integers("hidden")) {
      add_layer<DenseLayer>("fc" + std::to_string(++index), width, next, params.boolean("batch_norm"), params.number("dropout"));
      width = next;
    }
    if (index == 0) throw Error(ErrorKind::Plugin, "hidden of backbone mlp is empty", "give it at least one width, as in hidden = [256, 128]");
    set_feature_width(width);
  }
};

}  // namespace

CAMBIUM_PLUGIN("mlp", "1", registry) {
  registry.add_backbone("mlp", "dense layers with ReLU: fc1, fc2, ...",
                        Schema()
                            .integers("hidden", std::vector<std::int64_t>{256, 128}, {1, 65536}, "widths of the layers, the first next to the image")
                            .boolean("batch_norm", false, "batch normalisation after each layer")
                            .number("dropout", 0.0, {0, 0.95}, "dropout after each layer"),
                        [](const Params& params, const ImageShape& shape) { return std::make_unique<Mlp>(params, shape); });
}
