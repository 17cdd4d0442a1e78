#include "engine/data/images.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cambium/random.h"

namespace cambium {
namespace {

std::vector<std::int64_t> range(std::size_t from, std::size_t to) {
  std::vector<std::int64_t> positions(to - from);
  std::iota(positions.begin(), positions.end(), std::int64_t(from));
  return positions;
}

}  // namespace

std::size_t batch_of(const ImageShape& shape) {
  constexpr std::size_t kMost = 256, kLeast = 16;
  constexpr std::int64_t kPixels = kMost * 64 * 64;
  if (shape.height == 0) return kLeast;
  return std::clamp(std::size_t(kPixels / (shape.height * shape.width)), kLeast, kMost);
}

Images::Images(const SealedDataset& data, Split split, std::vector<std::int64_t> indices, Preprocessing how)
    : data_(data),
      split_(split),
      indices_(std::move(indices)),
      how_(std::move(how)),
      source_(data, split, how_.geometry, how_.augmentation.cut.side > 0) {
  const auto all = data_.labels(split_);
  for (std::int64_t index : indices_) labels_.push_back(all[std::size_t(index)]);
}

std::string Images::key() const {
  return fmt::format("{} mean {:.17g} std {:.17g}", source_.key(), fmt::join(how_.mean, " "), fmt::join(how_.std, " "));
}

void Images::feed(std::shared_ptr<const Taps> taps, std::size_t layers) {
  taps_ = std::move(taps);
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
  return taps_ ? taps_->rows(positions) : normalised(source_.plain(chosen(positions)), how_);
}

at::Tensor Images::inputs(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch) const {
  if (taps_ || !how_.augments()) return inputs(positions);
  at::Tensor images = varied(positions, seed, epoch);
  if (!how_.augmentation.mixes()) return images;
  const std::vector<Mix> all = mixes(positions, seed, epoch);
  std::vector<std::int64_t> partners;
  for (const Mix& mix : all) partners.push_back(std::int64_t(mix.partner));
  const at::Tensor others = varied(partners, seed, epoch);
  for (std::size_t i = 0; i < all.size(); ++i) {
    at::Tensor image = images.select(0, std::int64_t(i)), other = others.select(0, std::int64_t(i));
    const auto& [partner, share, cut, box] = all[i];
    if (cut)
      image.narrow(1, box.y, box.height)
          .narrow(2, box.x, box.width)
          .copy_(other.narrow(1, box.y, box.height).narrow(2, box.x, box.width));
    else
      image.mul_(share).add_(other, 1 - share);
  }
  return images;
}

at::Tensor Images::varied(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch) const {
  const auto indices = chosen(positions);
  const std::uint64_t key = stream_seed(seed, "augment", std::uint64_t(epoch));
  at::Tensor images = augmented(source_.varied(indices, how_.augmentation, key), indices, how_, seed, epoch);
  if (how_.augmentation.erasing > 0)
    for (std::size_t i = 0; i < indices.size(); ++i)
      erase(images.data_ptr<float>() + std::int64_t(i) * images.stride(0), images.size(1), images.size(2),
            images.size(3), how_.augmentation.erasing, RandomStream(key, "random_erasing", std::uint64_t(indices[i])));
  return images;
}

std::vector<Mix> Images::mixes(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch) const {
  const std::uint64_t key = stream_seed(seed, "augment", std::uint64_t(epoch));
  const std::int64_t side = how_.augmentation.cut.side;
  ImageShape shape = this->shape();
  if (side > 0) shape.height = shape.width = side;
  std::vector<Mix> result;
  for (const std::int64_t index : chosen(positions))
    result.push_back(
        draw_mix(how_.augmentation, size(), shape.height, shape.width, RandomStream(key, "mix", std::uint64_t(index))));
  return result;
}

at::Tensor Images::targets(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch,
                           std::int64_t classes) const {
  const at::Tensor own = labels(positions);
  if (!how_.augmentation.mixes()) return own;
  at::Tensor shares = at::zeros({own.size(0), classes}, at::kFloat);
  const std::vector<Mix> all = mixes(positions, seed, epoch);
  std::vector<std::int64_t> partners;
  for (const Mix& mix : all) partners.push_back(std::int64_t(mix.partner));
  const at::Tensor others = labels(partners);
  for (std::size_t i = 0; i < all.size(); ++i) {
    float* row = shares.data_ptr<float>() + std::int64_t(i) * classes;
    row[own.data_ptr<std::int64_t>()[i]] += float(all[i].share);
    row[others.data_ptr<std::int64_t>()[i]] += float(1 - all[i].share);
  }
  return shares;
}

Score evaluate(Model& model, const Images& images) {
  model.eval();
  return evaluate(images, [&](const at::Tensor& x, std::size_t from) { return model.forward(x, from); });
}

Score evaluate(const Images& images, const std::function<at::Tensor(const at::Tensor&, std::size_t)>& logits_of) {
  at::NoGradGuard no_grad;
  const std::size_t batch = batch_of(images.shape());
  double loss = 0;
  std::int64_t right = 0;
  for (std::size_t at = 0; at < images.size(); at += batch) {
    const auto positions = range(at, std::min(at + batch, images.size()));
    const at::Tensor logits = logits_of(images.inputs(positions), images.from()), labels = images.labels(positions);
    loss += at::cross_entropy_loss(logits, labels).item<double>() * double(positions.size());
    right += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
  }
  if (images.size() == 0) return {std::nan(""), std::nan("")};
  return {loss / double(images.size()), double(right) / double(images.size())};
}

}  // namespace cambium
