#include "engine/measure/layer_measures.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "engine/measure/task.h"
#include "measures/similarity.h"

namespace cambium {
namespace {

struct LayerParameters {
  std::string name;
  std::vector<at::Tensor> values;
};

/// The layers' parameters, and last what is left of the network's floating-point tensors: the head's.
std::vector<LayerParameters> by_layer(const Model& model) {
  std::vector<LayerParameters> result;
  std::set<std::string> seen;
  for (const Layer& layer : model.backbone().layers()) {
    result.push_back({layer.name, {}});
    for (const NamedParameter& parameter : layer.module->parameters(layer.prefix)) {
      result.back().values.push_back(parameter.value);
      seen.insert(parameter.name);
    }
    for (const NamedBuffer& buffer : layer.module->buffers(layer.prefix)) seen.insert(buffer.name);
  }
  result.push_back({"head", {}});
  for (const auto& [name, tensor] : model.state())
    if (!seen.count(name) && tensor.is_floating_point()) result.back().values.push_back(tensor);
  return result;
}

/// The length of all tensors together.
double length(const std::vector<at::Tensor>& tensors) {
  double squares = 0;
  for (const at::Tensor& tensor : tensors) squares += tensor.to(at::kDouble).square().sum().item<double>();
  return std::sqrt(squares);
}

std::vector<std::int64_t> range(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> positions(std::size_t(to - from));
  std::iota(positions.begin(), positions.end(), from);
  return positions;
}

/// A ratio, undefined where it would be to nothing.
double relative(double value, double to) { return to > 0 ? value / to : std::nan(""); }

/// What each layer of a network gives for some images, [n, D].
using Taps = std::vector<at::Tensor>;

/// Linear CKA layer by layer. The images are gone through once for the means, and then, since each is held against
/// each, block by block against those that come after.
class LayerCka {
 public:
  LayerCka(Model& one, Model& other, const Images& images, std::int64_t bytes)
      : one_(one),
        other_(other),
        images_(images),
        count_(std::int64_t(images.size())),
        batch_(std::int64_t(batch_of(images.shape()))),
        bytes_(bytes),
        sums_(one.layers()) {}

  LayerValues values() {
    const at::NoGradGuard no_grad;
    one_.eval();
    other_.eval();
    take_means();
    const std::int64_t block = block_size();
    for (std::int64_t from = 0; from < count_; from += block) {
      const std::int64_t to = std::min(from + block, count_);
      const Taps x = gathered(one_, means_, from, to), y = gathered(other_, other_means_, from, to);
      add(x, y, x, y, 1);
      for (std::int64_t next = to; next < count_; next += batch_) {
        const std::int64_t end = std::min(next + batch_, count_);
        add(x, y, gathered(one_, means_, next, end), gathered(other_, other_means_, next, end), 2);
      }
    }
    LayerValues values;
    for (std::size_t l = 0; l < sums_.size(); ++l)
      values.emplace_back(one_.backbone().layers()[l].name, sums_[l].value());
    return values;
  }

 private:
  Taps taps(const Model& model, std::int64_t from, std::int64_t to) const {
    Taps taps;
    at::Tensor x = images_.inputs(range(from, to));
    for (std::size_t l = 0; l < model.layers(); ++l) {
      x = model.backbone().forward(x, l, l + 1);
      taps.push_back(x.flatten(1));
    }
    return taps;
  }

  void take_means() {
    for (std::int64_t from = 0; from < count_; from += batch_) {
      const std::int64_t to = std::min(from + batch_, count_);
      for (auto [model, means] : {std::pair{&one_, &means_}, std::pair{&other_, &other_means_}}) {
        const Taps now = taps(*model, from, to);
        means->resize(now.size());
        for (std::size_t l = 0; l < now.size(); ++l) {
          const at::Tensor sum = now[l].sum(0, true, at::kDouble);
          (*means)[l] = (*means)[l].defined() ? (*means)[l] + sum : sum;
        }
      }
    }
    for (Taps* means : {&means_, &other_means_})
      for (at::Tensor& mean : *means) mean.div_(double(count_));
  }

  /// As many images as fit into the bytes with what all layers of both networks give for them.
  std::int64_t block_size() const {
    constexpr std::int64_t kMost = 1024;  // each pair of a block is a number
    std::int64_t width = 0;
    for (const Taps* means : {&means_, &other_means_})
      for (const at::Tensor& mean : *means) width += mean.numel();
    return std::clamp<std::int64_t>(bytes_ / std::max<std::int64_t>(1, 4 * width), 1, kMost);
  }

  /// Less their means.
  Taps gathered(const Model& model, const Taps& means, std::int64_t from, std::int64_t to) const {
    Taps result;
    for (const at::Tensor& mean : means) result.push_back(at::empty({to - from, mean.size(1)}, at::kFloat));
    for (std::int64_t at = from; at < to; at += batch_) {
      const Taps now = taps(model, at, std::min(at + batch_, to));
      for (std::size_t l = 0; l < now.size(); ++l)
        result[l].narrow(0, at - from, now[l].size(0)).copy_(now[l].to(at::kDouble) - means[l]);
    }
    return result;
  }

  void add(const Taps& x, const Taps& y, const Taps& other_x, const Taps& other_y, double times) {
    for (std::size_t l = 0; l < sums_.size(); ++l) sums_[l].add(x[l], y[l], other_x[l], other_y[l], times);
  }

  Model &one_, &other_;
  const Images& images_;
  const std::int64_t count_, batch_, bytes_;
  Taps means_, other_means_;  ///< of all images, float64 [1, D]
  std::vector<measures::PairwiseCka> sums_;
};

}  // namespace

LayerValues layer_cka(Model& one, Model& other, const Images& images, std::int64_t bytes) {
  need_images(images);
  return LayerCka(one, other, images, bytes).values();
}

LayerValues weight_distances(const Model& start, const Model& end) {
  LayerValues values;
  const at::NoGradGuard no_grad;
  const auto before = by_layer(start), after = by_layer(end);
  for (std::size_t l = 0; l < before.size(); ++l) {
    std::vector<at::Tensor> moved;
    for (std::size_t i = 0; i < before[l].values.size(); ++i)
      moved.push_back(after[l].values[i].to(at::kDouble) - before[l].values[i].to(at::kDouble));
    if (moved.empty()) continue;
    values.emplace_back(before[l].name, length(moved));
    values.emplace_back(before[l].name + " relative", relative(length(moved), length(before[l].values)));
  }
  return values;
}

LayerValues gradient_norms(Model& model, const Images& images) {
  model.begin_phase({0, std::vector<LayerPlan>(model.layers()), LayerPlan{}});  // everything takes gradients
  model.eval();
  auto layers = by_layer(model);
  for (LayerParameters& layer : layers)
    for (at::Tensor& value : layer.values) value.mutable_grad() = at::Tensor();
  need_images(images);
  const auto count = std::int64_t(images.size());
  // What every layer gives is kept until the way back.
  const std::int64_t batch = std::max<std::int64_t>(4, std::int64_t(batch_of(images.shape())) / 4);
  for (std::int64_t from = 0; from < count; from += batch) {
    const auto positions = range(from, std::min(from + batch, count));
    const at::Tensor loss = at::cross_entropy_loss(model.forward(images.inputs(positions)), images.labels(positions));
    (loss * (double(positions.size()) / double(count))).backward();
  }
  LayerValues values;
  for (LayerParameters& layer : layers) {
    std::vector<at::Tensor> gradients, weights;
    for (at::Tensor& value : layer.values) {
      if (value.grad().defined()) gradients.push_back(value.grad());
      if (value.requires_grad()) weights.push_back(value.detach());
      value.mutable_grad() = at::Tensor();
    }
    if (!weights.empty()) values.emplace_back(layer.name, relative(length(gradients), length(weights)));
  }
  return values;
}

}  // namespace cambium
