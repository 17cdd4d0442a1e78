#include <memory>
#include <string>
#include <utility>

#include "blocks/card.h"
#include "blocks/conv.h"
#include "blocks/staged.h"
#include "cambium/plugin.h"

namespace cambium {
namespace {

using Conv = blocks::ConvNorm<nn::ReLU6>;

/// 1x1 to `expansion` times the channels, depthwise 3x3, 1x1 without activation, around it x where the shapes agree
/// (Sandler et al. 2018, table 1).
class InvertedResidual : public Module {
 public:
  InvertedResidual(std::int64_t in, std::int64_t out, std::int64_t stride, std::int64_t expansion)
      : path_(child<nn::Sequential>("conv")), around_(stride == 1 && in == out) {
    const std::int64_t wide = in * expansion;
    int at = 0;
    const auto next = [&] { return std::to_string(at++); };
    if (expansion != 1) path_.add<Conv>(next(), in, wide, blocks::conv(wide, 1));
    path_.add<Conv>(next(), wide, wide, blocks::conv(wide, 3, stride, wide));
    path_.add<nn::Conv2d>(next(), wide, out, blocks::conv(out, 1));
    path_.add<nn::BatchNorm>(next(), out);
  }
  at::Tensor forward(const at::Tensor& x) override {
    at::Tensor y = path_.forward(x);
    return around_ ? y.add_(x) : y;
  }

 private:
  nn::Sequential& path_;
  bool around_;
};

/// MobileNetV2 at width 1 (Sandler et al. 2018, table 2), with torchvision's names: [N, C, H, W] to [N, 1280].
class MobileNetV2 : public blocks::Staged {
 public:
  MobileNetV2(const Params& params, const ImageShape& image) : Staged(params) {
    constexpr struct {
      std::int64_t expansion, out;
      int blocks;
      std::int64_t stride;
    } kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                   {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    std::int64_t channels = 32;
    add<Conv>("conv1", "conv1", image.channels, channels, blocks::conv(channels, 3, 2));
    for (int s = 0; const auto& stage : kStages) {
      const std::string name = "stage" + std::to_string(++s);
      for (int b = 0; b < stage.blocks; ++b) {
        add<InvertedResidual>(name, "block" + std::to_string(at_), channels, stage.out, b == 0 ? stage.stride : 1,
                              stage.expansion);
        channels = stage.out;
      }
    }
    add<Conv>("conv_last", "conv_last", channels, std::int64_t{1280}, blocks::conv(1280, 1));
    end_with_pool(1280);
    set_input(blocks::imagenet_card(image));
  }
  std::string head_name() const override { return "classifier"; }
  std::unique_ptr<Module> make_head(std::int64_t classes) const override {
    auto head = std::make_unique<nn::Sequential>();
    head->add<nn::Dropout>("0", 0.2).add<nn::Linear>("1", feature_width(), classes, Init::normal(0.01),
                                                     Init::constant(0));
    return head;
  }

 private:
  template <class Block, class... Args>
  void add(const std::string& stage, const std::string& block, Args&&... args) {
    add_block<Block>(stage, block, "features.", std::to_string(at_++), std::forward<Args>(args)...);
  }

  int at_ = 0;  ///< the next one's place in torchvision's list
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("mobilenet_v2", "1", registry) {
  using namespace cambium;
  registry.add_backbone(
      "mobilenet_v2", "MobileNetV2 (Sandler et al. 2018), torchvision's names: conv1, stage1 to stage7, conv_last",
      blocks::Staged::schema(),
      [](const Params& params, const ImageShape& image) { return std::make_unique<MobileNetV2>(params, image); });
}
