#include "worker/network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "cambium/nn.h"
#include "engine/model/facts.h"

namespace cambium {
namespace {

/// LibTorch's errors carry a stack trace below their first line.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Of one image, or of one layer's output for it.
std::string shape_of(const at::Tensor& x) { return fmt::format("[{}]", fmt::join(x.sizes().slice(1), ", ")); }

/// What is wrong with running `module` on `x` in train mode; nothing if that goes well.
std::optional<std::string> train_fault(Module& module, const at::Tensor& x) {
  module.train(true);
  std::optional<std::string> fault;
  try {
    module.forward(x);
  } catch (const Error& error) {
    fault = error.message();
  } catch (const std::exception& error) {
    fault = first_line(error.what());
  }
  module.train(false);
  return fault;
}

/// The shapes of a head's parameters that are no vectors: "fc.weight of [10, 512]".
std::string weights_of(const Module& head, const std::string& prefix) {
  std::vector<std::string> shapes;
  for (const NamedParameter& parameter : head.parameters(prefix))
    if (parameter.value.dim() > 1)
      shapes.push_back(fmt::format("{} of [{}]", parameter.name, fmt::join(parameter.value.sizes(), ", ")));
  return shapes.empty() ? "no weights" : fmt::format("{}", fmt::join(shapes, ", "));
}

class Trial {
 public:
  Trial(Model& model, const NetworkRequest& request, NetworkInfo& info)
      : model_(model), request_(request), info_(info) {}

  void run() {
    const ImageShape& shape = request_.shape;
    model_.eval();
    const at::NoGradGuard no_grad;
    at::Tensor x = at::zeros({1, shape.channels, shape.height, shape.width});
    const auto& layers = model_.backbone().layers();
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const nn::OperationCount operations;
      const at::Tensor y = forward(l, x);
      std::int64_t parameters = 0;
      for (const NamedParameter& parameter : layers[l].module->parameters()) parameters += parameter.value.numel();
      info_.layers.push_back({layers[l].name, y.sizes().slice(1).vec(), parameters, operations.count()});
      if (is_trained(l)) check_training(l, x);
      x = y;
    }
    check_head(x);
  }

 private:
  at::Tensor forward(std::size_t layer, const at::Tensor& x) const {
    try {
      return model_.backbone().forward(x, layer, layer + 1);
    } catch (const std::exception& error) {
      fail(fmt::format("its layer {} does not take {}, which {} gives: {}", model_.backbone().layers()[layer].name,
                       shape_of(x), layer == 0 ? "the data" : model_.backbone().layers()[layer - 1].name,
                       first_line(error.what())),
           "images of another shape (data.resize, data.center_crop), or other parameters of the backbone; else a fault "
           "of the plugin");
    }
  }

  /// Whether a layer ever runs in train mode.
  bool is_trained(std::size_t layer) const {
    return request_.epochs > 0 && std::any_of(info_.plan.phases.begin(), info_.plan.phases.end(),
                                              [&](const Phase& phase) { return !phase.layers[layer].frozen(); });
  }

  /// What cannot learn from one image may from two.
  void check_training(std::size_t layer, const at::Tensor& x) {
    const Layer& one = model_.backbone().layers()[layer];
    if (!train_fault(*one.module, x)) return;
    info_.least_batch = 2;
    std::vector<std::int64_t> two = x.sizes().vec();
    two[0] = 2;
    if (const auto fault = train_fault(*one.module, x.expand(two)))
      fail(fmt::format("its layer {} cannot learn on {}: {}", one.name, shape_of(x), *fault),
           "larger images, or a strategy that leaves the layer frozen");
  }

  void check_head(const at::Tensor& x) {
    const auto last = [&] {
      return fmt::format("its last layer, {}, gives {} for an image", model_.backbone().layers().back().name,
                         shape_of(x));
    };
    if (const at::Tensor features = pooled(x); features.dim() != 2 || features.size(1) != info_.feature_width)
      fail(fmt::format("{}, and it states a feature width of {}", last(), info_.feature_width),
           "the last layer must give [feature_width] or [feature_width, H, W]: a fault of the plugin");
    const auto head = model_.backbone().make_head(request_.classes);
    const std::string weights = weights_of(*head, model_.backbone().head_name() + ".");
    at::Tensor logits;
    try {
      logits = model_.head(x);
    } catch (const std::exception&) {
      fail(fmt::format("{}, and its head, {}, does not take that", last(), weights),
           "end the backbone with a pool or a flatten, or give it a head of its own for maps: a fault of the plugin");
    }
    if (logits.dim() != 2 || logits.size(1) != request_.classes)
      fail(fmt::format("{}, and its head, {}, makes {} of that instead of [{}]", last(), weights, shape_of(logits),
                       request_.classes),
           "the head must give one number a class: a fault of the plugin");
    if (is_trained(model_.layers()) && train_fault(*head, x)) info_.least_batch = 2;
    info_.linear_head = x.dim() == 2 && dynamic_cast<const nn::Linear*>(head.get()) != nullptr;
  }

  [[noreturn]] void fail(const std::string& what, const std::string& hint) const {
    throw Error(ErrorKind::Plugin, fmt::format("backbone {}: {}", request_.backbone.plugin, what), hint);
  }

  Model& model_;
  const NetworkRequest& request_;
  NetworkInfo& info_;
};

}  // namespace

void try_out(Model& model, const NetworkRequest& request, NetworkInfo& info) {
  model.initialise(uniform_plan(network_facts(model.backbone(), 0), Weights::Fresh, {}), nullptr, 0);
  Trial(model, request, info).run();
}

}  // namespace cambium
