#include <cstdio>
#include <iterator>
#include <map>
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

/// A row of blocks of one shape.
struct Stage {
  std::int64_t expansion, out;
  int blocks;
  std::int64_t stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

/// Puts what `starts` has beside the beginning of `name` in its place; an empty string where none fits.
std::string with_start(const std::string& name, const std::map<std::string, std::string>& starts) {
  for (const auto& [theirs, own] : starts)
    if (name.rfind(theirs, 0) == 0) return own + name.substr(theirs.size());
  return {};
}

/// torchvision's name of what timm's mobilenetv2_100 calls so: "blocks.2.1.conv_dw.weight" is
/// "features.5.conv.1.0.weight". Other names stay.
std::string name_of_timms(const std::string& theirs) {
  static const std::map<std::string, std::string> kAround = {{"conv_stem.", "features.0.0."},
                                                             {"bn1.", "features.0.1."},
                                                             {"conv_head.", "features.18.0."},
                                                             {"bn2.", "features.18.1."},
                                                             {"classifier.weight", "classifier.1.weight"},
                                                             {"classifier.bias", "classifier.1.bias"}};
  static const std::map<std::string, std::string> kFirst = {
      {"conv_dw.", "0.0."}, {"bn1.", "0.1."}, {"conv_pw.", "1."}, {"bn2.", "2."}};
  static const std::map<std::string, std::string> kOthers = {{"conv_pw.", "0.0."}, {"bn1.", "0.1."},
                                                             {"conv_dw.", "1.0."}, {"bn2.", "1.1."},
                                                             {"conv_pwl.", "2."},  {"bn3.", "3."}};
  std::size_t stage = 0;
  int block = 0, used = 0;
  if (std::sscanf(theirs.c_str(), "blocks.%1zu.%1d.%n", &stage, &block, &used) < 2 || used == 0) {
    const std::string own = with_start(theirs, kAround);
    return own.empty() ? theirs : own;
  }
  if (stage >= std::size(kStages) || block >= kStages[stage].blocks) return theirs;
  int at = 1 + block;
  for (std::size_t s = 0; s < stage; ++s) at += kStages[s].blocks;
  const std::string own = with_start(theirs.substr(static_cast<std::size_t>(used)), stage == 0 ? kFirst : kOthers);
  return own.empty() ? theirs : "features." + std::to_string(at) + ".conv." + own;
}

/// MobileNetV2 at width 1 (Sandler et al. 2018, table 2), with torchvision's names: [N, C, H, W] to [N, 1280].
class MobileNetV2 : public blocks::Staged {
 public:
  MobileNetV2(const Params& params, const ImageShape& image) : Staged(params) {
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
  std::string own_name(const std::string& theirs) const override { return name_of_timms(theirs); }
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
