#include "engine/data/sealed_dataset.h"

#include <stdexcept>

#include "cambium/error.h"
#include "engine/data/geometry/channels.h"
#include "protocol/selected.h"
#include "protocol/settings.h"

namespace cambium {

SealedDataset::SealedDataset(const Dataset& dataset, const Params& settings)
    : dataset_(dataset), info_(dataset.info()), renumbered_(dataset.info().classes.size(), -1) {
  const auto kept = kept_classes(settings, dataset.info().classes);
  info_.classes.clear();
  info_.shape.channels = input_channels(settings, info_.shape.channels);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    renumbered_[kept[i]] = std::int64_t(i);
    info_.classes.push_back(dataset.info().classes[kept[i]]);
  }
  take(Split::Train);
  take(Split::Validation);
}

void SealedDataset::open() {
  if (!open_) take(Split::Test);
  open_ = true;
}

void SealedDataset::take(Split split) {
  Part& part = parts_[std::size_t(split)];
  const auto labels = dataset_.labels(split);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || std::size_t(labels[i]) >= renumbered_.size())
      throw Error(ErrorKind::Plugin, "the data set has a label that is none of its classes",
                  "this is a fault of its plugin or its files");
    if (renumbered_[std::size_t(labels[i])] < 0) continue;
    part.labels.push_back(renumbered_[std::size_t(labels[i])]);
    part.originals.push_back(std::int64_t(i));
  }
}

const SealedDataset::Part& SealedDataset::part(Split split) const {
  if (split == Split::Test && !open_) throw std::logic_error("the test split was asked for before training was over");
  return parts_[std::size_t(split)];
}

std::vector<std::int64_t> SealedDataset::originals(Split split, std::span<const std::int64_t> indices) const {
  std::vector<std::int64_t> result;
  result.reserve(indices.size());
  for (const std::int64_t index : indices) result.push_back(part(split).originals[std::size_t(index)]);
  return result;
}

std::int64_t SealedDataset::original_count(Split split) const {
  if (part(split).labels.empty()) return 0;
  return std::int64_t(dataset_.labels(split).size());
}

at::Tensor SealedDataset::images(Split split, std::span<const std::int64_t> indices) const {
  const at::Tensor images = dataset_.images(split, originals(split, indices));
  const ImageShape& shape = dataset_.info().shape;
  if (images.scalar_type() != at::kByte ||
      images.sizes() != at::IntArrayRef({std::int64_t(indices.size()), shape.channels, shape.height, shape.width}))
    throw Error(ErrorKind::Plugin, "the data set does not give its images as uint8 of the shape that it declares",
                "this is a fault of its plugin");
  return in_channels(images, info_.shape.channels).contiguous();
}

at::Tensor SealedDataset::image(Split split, std::int64_t index) const {
  const at::Tensor image = dataset_.image(split, part(split).originals[std::size_t(index)]);
  if (image.scalar_type() != at::kByte || image.dim() != 3 || image.size(0) != dataset_.info().shape.channels ||
      image.numel() == 0)
    throw Error(ErrorKind::Plugin, "the data set does not give its images as uint8 [C, H, W]",
                "this is a fault of its plugin");
  return in_channels(image, info_.shape.channels);
}

}  // namespace cambium
