#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cambium/files.h"
#include "cambium/nn.h"
#include "cambium/plugin.h"
#include "scripted_layer.h"

namespace cambium {
namespace {

constexpr const char* kUse = "give an archive that torch.jit.script(network).save(path) wrote";

/// Its first line: LibTorch's errors carry a stack trace below.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

/// Any scripted network: its children, in their order, are the layers, and their names the layers'. What it gives is
/// [N, F] or maps [N, F, H, W], which the head then averages.
class TorchScript : public Backbone {
 public:
  TorchScript(const Params& params, const ImageShape& image)
      : path_(params.string("path")), head_(params.string("head")) {
    torch::jit::Module network = load();
    network.eval();
    std::vector<std::pair<std::string, torch::jit::Module>> parts;
    for (const auto& child : network.named_children()) parts.emplace_back(child.name, child.value);
    if (!head_.empty()) {
      if (parts.empty() || parts.back().first != head_)
        fail("the last of its children is " + (parts.empty() ? "none" : parts.back().first) + ", not " + head_,
             "backbone.head names the last child, which a new head takes the place of");
      parts.pop_back();
    }
    if (parts.empty())
      fail("it has no children that could be layers", "script the network without torch.jit.freeze or trace");

    at::NoGradGuard no_grad;
    const at::Tensor x =
        at::randn({2, image.channels, image.height, image.width}, at::detail::createCPUGenerator(1), c10::nullopt);
    check_channels(network, image);
    const at::Tensor whole = run("the whole", network, x);
    at::Tensor y = x;
    for (const auto& [name, module] : parts) y = run(name, module, y);
    const bool flatten = !head_.empty() && y.dim() > 2;
    if (flatten) y = y.flatten(1);
    const at::Tensor composed = head_.empty() ? y : run(head_, network.attr(head_).toModule(), y);
    if (composed.sizes() != whole.sizes() || !composed.allclose(whole, 1e-4, 1e-5))
      fail("its forward is more than its children one after the other",
           "script a network whose forward runs them in order, as an nn.Sequential does");
    if (y.dim() != 2 && y.dim() != 4) fail("it gives neither vectors nor maps", "end it with a pool or flatten");

    ScriptedModules seen;
    for (std::size_t i = 0; i < parts.size(); ++i)
      add_layer<ScriptedLayer>(parts[i].first, parts[i].second, flatten && i + 1 == parts.size(), seen);
    set_feature_width(y.size(1));
    maps_ = y.dim() == 4;
    set_files({path_}, sha256_file(path_));
  }

  std::string head_name() const override { return head_.empty() ? "head" : head_; }
  std::unique_ptr<Module> make_head(std::int64_t classes) const override {
    auto head = std::make_unique<nn::Sequential>();
    if (maps_) head->add<nn::GlobalAveragePool>("pool");
    head->add<nn::Linear>("", feature_width(), classes);
    return head;
  }

 private:
  [[noreturn]] void fail(const std::string& message, const std::string& hint) const {
    throw Error(ErrorKind::Plugin, path_ + ": " + message, hint);
  }

  torch::jit::Module load() const {
    try {
      return load_scripted(path_);
    } catch (const std::exception& error) {
      fail("cannot be read as TorchScript: " + first_line(error), kUse);
    }
  }

  /// Throws where the network runs on images of another number of channels alone.
  void check_channels(torch::jit::Module network, const ImageShape& image) const {
    const auto runs = [&](std::int64_t channels) {
      try {
        run_scripted(network, at::zeros({2, channels, image.height, image.width}));
        return true;
      } catch (const std::exception&) {
        return false;
      }
    };
    const std::int64_t other = image.channels == 1 ? 3 : 1;
    if (runs(image.channels) || !runs(other)) return;
    const auto text = [](std::int64_t count) {
      return std::to_string(count) + (count == 1 ? " channel" : " channels");
    };
    fail("it takes images of " + text(other) + ", and those of this data have " + text(image.channels),
         "set channels = " + std::to_string(other) + " in the stage's data");
  }

  at::Tensor run(const std::string& name, torch::jit::Module module, const at::Tensor& x) const {
    try {
      return run_scripted(module, x);
    } catch (const std::exception& error) {
      fail(name + " does not run on images of this data: " + first_line(error),
           "its children must each take one tensor and give one; check channels and size");
    }
  }

  std::string path_, head_;
  bool maps_ = false;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("torchscript", "2", registry) {
  using namespace cambium;
  registry.add_backbone(
      "torchscript", "any network that torch.jit.script saved: its children, run in order, are the layers",
      Schema()
          .path("path", std::nullopt, "the archive")
          .string("head", "", "the last child, a Linear, if it is the classifier: a new head takes its place"),
      [](const Params& params, const ImageShape& image) { return std::make_unique<TorchScript>(params, image); });
}
