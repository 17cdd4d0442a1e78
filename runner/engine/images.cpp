#include "engine/images.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace cambium {
namespace {

constexpr std::size_t kBatch = 256;  // of whatever needs no gradients

std::vector<std::int64_t> range(std::size_t from, std::size_t to) {
  std::vector<std::int64_t> positions(to - from);
  std::iota(positions.begin(), positions.end(), std::int64_t(from));
  return positions;
}

}  // namespace

Images::Images(const SealedDataset& data, Split split, std::vector<std::int64_t> indices, Preprocessing how)
    : data_(data), split_(split), indices_(std::move(indices)), how_(std::move(how)) {
  const auto all = data_.labels(split_);
  for (std::int64_t index : indices_) labels_.push_back(all[std::size_t(index)]);
}

void Images::keep_prefix(const Model& model, std::size_t layers, std::int64_t most) {
  if (layers == 0 || indices_.empty() || from_ > 0) return;
  at::NoGradGuard no_grad;
  at::Tensor kept;
  for (std::size_t at = 0; at < size(); at += kBatch) {
    const auto positions = range(at, std::min(at + kBatch, size()));
    const at::Tensor taps = model.features(inputs(positions), layers);
    if (!kept.defined()) {
      std::vector<std::int64_t> shape = taps.sizes().vec();
      if (taps[0].numel() * std::int64_t(size()) * 4 > most) return;
      shape[0] = std::int64_t(size());
      kept = at::empty(shape, at::kFloat);
    }
    kept.narrow(0, std::int64_t(at), taps.size(0)).copy_(taps);
  }
  kept_ = kept;
  from_ = layers;
}

std::vector<std::int64_t> Images::chosen(std::span<const std::int64_t> positions) const {
  std::vector<std::int64_t> indices;
  for (std::int64_t position : positions) indices.push_back(indices_[std::size_t(position)]);
  return indices;
}

at::Tensor Images::labels(std::span<const std::int64_t> positions) const {
  at::Tensor labels = at::empty({std::int64_t(positions.size())}, at::kLong);
  for (std::size_t i = 0; i < positions.size(); ++i)
    labels.data_ptr<std::int64_t>()[i] = labels_[std::size_t(positions[i])];
  return labels;
}

at::Tensor Images::inputs(std::span<const std::int64_t> positions) const {
  if (!kept_.defined()) return normalised(data_.images(split_, chosen(positions)), how_);
  at::Tensor rows = at::empty({std::int64_t(positions.size())}, at::kLong);
  for (std::size_t i = 0; i < positions.size(); ++i) rows.data_ptr<std::int64_t>()[i] = positions[i];
  return kept_.index_select(0, rows);
}

at::Tensor Images::inputs(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch) const {
  if (!how_.augments()) return inputs(positions);
  const auto indices = chosen(positions);
  return augmented(data_.images(split_, indices), indices, how_, seed, epoch);
}

Score evaluate(Model& model, const Images& images) {
  model.eval();
  return evaluate(images, [&](const at::Tensor& x, std::size_t from) { return model.forward(x, from); });
}

Score evaluate(const Images& images, const std::function<at::Tensor(const at::Tensor&, std::size_t)>& logits_of) {
  at::NoGradGuard no_grad;
  double loss = 0;
  std::int64_t right = 0;
  for (std::size_t at = 0; at < images.size(); at += kBatch) {
    const auto positions = range(at, std::min(at + kBatch, images.size()));
    const at::Tensor logits = logits_of(images.inputs(positions), images.from()), labels = images.labels(positions);
    loss += at::cross_entropy_loss(logits, labels).item<double>() * double(positions.size());
    right += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
  }
  if (images.size() == 0) return {std::nan(""), std::nan("")};
  return {loss / double(images.size()), double(right) / double(images.size())};
}

}  // namespace cambium
