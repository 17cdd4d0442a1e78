#include <memory>
#include <string>
#include <vector>

#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

/// Dense layers fc1, fc2, ... with ReLU: [N, C, H, W] to [N, hidden.back()].
/// Names: fc1.weight, fc1.bias, and fc1.norm.* with batch norm, whose shift takes the place of fc1.bias.
class Mlp : public Backbone {
 public:
  Mlp(const Params& params, const ImageShape& image) {
    const bool batch_norm = params.boolean("batch_norm");
    std::int64_t width = image.channels * image.height * image.width;
    if (params.integers("hidden").empty())
      throw Error(ErrorKind::Plugin, "mlp: hidden is empty: there would be no layer",
                  "give at least one width, as hidden = [128]");
    for (const std::int64_t next : params.integers("hidden")) {
      auto& layer = add_layer<nn::Sequential>("fc" + std::to_string(layers().size() + 1));
      if (layers().size() == 1) layer.add<nn::Flatten>("flatten");
      layer.add<nn::Linear>("", width, next, !batch_norm);
      if (batch_norm) layer.add<nn::BatchNorm>("norm", next);
      layer.add<nn::ReLU>("relu").add<nn::Dropout>("dropout", params.number("dropout"));
      width = next;
    }
    set_feature_width(width);
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("mlp", "1", registry) {
  using namespace cambium;
  registry.add_backbone(
      "mlp", "dense layers with ReLU, for images of any size",
      Schema()
          .integers("hidden", std::vector<std::int64_t>{256, 128}, {1, 65536}, "width of each layer, from the input on")
          .number("dropout", 0.0, {0, 0.99}, "share of each layer's outputs that is dropped in training")
          .boolean("batch_norm", false, "batch normalisation between each layer and its ReLU"),
      [](const Params& params, const ImageShape& image) { return std::make_unique<Mlp>(params, image); });
}
