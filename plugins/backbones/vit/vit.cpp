#include <memory>
#include <string>

#include "blocks/card.h"
#include "cambium/plugin.h"
#include "vit_parts.h"

namespace cambium {
namespace {

struct Size {
  std::int64_t width, heads;
};
constexpr int kDepth = 12;

/// Puts `to` in place of `from` where `name` starts with that, and tells whether it does.
bool starts(std::string& name, const std::string& from, const std::string& to) {
  if (name.rfind(from, 0) != 0) return false;
  name = to + name.substr(from.size());
  return true;
}

/// The Vision Transformer (Dosovitskiy et al. 2021), with torchvision's names: [N, C, H, W] to the class token [N,
/// width]. Layers: embed (patches, class token, positions), block1 to block12; the last norm belongs to block12.
class Vit : public Backbone {
 public:
  Vit(const Params& params, const ImageShape& image, Size size, InputCard card)
      : grid_{image.height / params.integer("patch"), image.width / params.integer("patch")} {
    const std::int64_t patch = params.integer("patch");
    if (image.height % patch != 0 || image.width % patch != 0)
      throw Error(ErrorKind::Plugin,
                  "images of " + std::to_string(image.height) + "x" + std::to_string(image.width) +
                      " cannot be cut into patches of " + std::to_string(patch) + "x" + std::to_string(patch),
                  "give images whose sides are multiples of it, or another backbone.patch");
    add_layer_as<vit::Embedding>("embed", "", image, patch, size.width);
    for (int b = 0; b < kDepth; ++b) {
      auto& layer = add_layer_as<nn::Sequential>("block" + std::to_string(b + 1), "encoder.");
      layer.add<vit::EncoderBlock>("layers.encoder_layer_" + std::to_string(b), size.width, size.heads);
      if (b + 1 == kDepth) layer.add<nn::LayerNorm>("ln", size.width, vit::kEps).add<vit::ClassToken>("token");
    }
    set_feature_width(size.width);
    set_input(std::move(card));
  }
  std::string head_name() const override { return "heads.head"; }
  std::unique_ptr<Module> make_head(std::int64_t classes) const override {
    return std::make_unique<nn::Linear>(feature_width(), classes, Init::constant(0), Init::constant(0));
  }
  /// From DeiT's and timm's names, and torchvision's before 0.13. What such a network has and this one has not, though
  /// it acts on the tokens, is named as part of the encoder, so that it is no extra that can be left alone.
  std::string own_name(const std::string& theirs) const override {
    std::string name = theirs;
    if (name == "cls_token") return "class_token";
    if (name == "pos_embed") return "encoder.pos_embedding";
    for (const char* token : {"dist_token", "reg_token", "register_tokens", "norm_pre.", "patch_embed.norm."})
      if (starts(name, token, std::string("encoder.") + token)) return name;
    if (const std::size_t old = name.find(".mlp.linear_"); starts(name, "encoder.layers.", "encoder.layers.")) {
      if (old != std::string::npos) name.replace(old, 14, name[old + 12] == '1' ? ".mlp.0." : ".mlp.3.");
      return name;
    }
    if (starts(name, "patch_embed.proj.", "conv_proj.") || starts(name, "norm.", "encoder.ln.") ||
        starts(name, "head.", "heads.head.") || !starts(name, "blocks.", ""))
      return name;
    const std::string block = name.substr(0, name.find('.'));
    name.erase(0, block.size() + 1);
    starts(name, "norm1.", "ln_1.") || starts(name, "norm2.", "ln_2.") ||
        starts(name, "attn.qkv.", "self_attention.in_proj_") ||
        starts(name, "attn.proj.", "self_attention.out_proj.") || starts(name, "mlp.fc1.", "mlp.0.") ||
        starts(name, "mlp.fc2.", "mlp.3.");
    return "encoder.layers.encoder_layer_" + block + "." + name;
  }
  at::Tensor adapted(const std::string& name, const at::Tensor& theirs,
                     const std::vector<std::int64_t>& shape) const override {
    return name == "encoder.pos_embedding" ? vit::resized_positions(theirs, shape, grid_) : at::Tensor();
  }

 private:
  vit::Grid grid_;
};

void add(Registry& registry, const std::string& name, const std::string& doc, Size size,
         const std::string& interpolation) {
  registry.add_backbone(name, doc + ": embed, block1 to block12",
                        Schema().integer("patch", 16, {1, 1024}, "pixels a side of a patch, which makes one token"),
                        [=](const Params& params, const ImageShape& image) {
                          return std::make_unique<Vit>(params, image, size,
                                                       blocks::imagenet_card(image, interpolation));
                        });
}

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("vit", "2", registry) {
  using namespace cambium;
  add(registry, "vit_tiny", "Vision Transformer of DeiT's tiny size (Touvron et al. 2021)", {192, 3}, "bicubic");
  add(registry, "vit_small", "Vision Transformer of DeiT's small size (Touvron et al. 2021)", {384, 6}, "bicubic");
  add(registry, "vit_b_16", "Vision Transformer, base (Dosovitskiy et al. 2021), torchvision's names", {768, 12},
      "bilinear");
}
