#include "cambium/dataset.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <cstring>

#include "cambium/error.h"

namespace cambium {

const char* to_string(Split split) {
  switch (split) {
    case Split::Train:
      return "train";
    case Split::Validation:
      return "validation";
    case Split::Test:
      return "test";
  }
  return "";
}

at::Tensor Dataset::images(Split split, std::span<const std::int64_t> indices) const {
  std::vector<at::Tensor> images;
  for (const std::int64_t index : indices) images.push_back(image(split, index));
  if (images.empty()) return at::empty({0, info().shape.channels, info().shape.height, info().shape.width}, at::kByte);
  return at::stack(images);
}

at::Tensor Dataset::image(Split split, std::int64_t index) const { return images(split, {&index, 1})[0]; }

std::span<const std::int64_t> MemoryDataset::labels(Split split) const { return parts_[std::size_t(split)].labels; }

at::Tensor MemoryDataset::images(Split split, std::span<const std::int64_t> indices) const {
  const at::Tensor& from = parts_[std::size_t(split)].images;
  const auto& shape = info_.shape;
  at::Tensor images = at::empty({std::int64_t(indices.size()), shape.channels, shape.height, shape.width}, at::kByte);
  const auto bytes = std::size_t(shape.channels * shape.height * shape.width);
  for (std::size_t i = 0; i < indices.size(); ++i)
    std::memcpy(images.data_ptr<std::uint8_t>() + i * bytes,
                from.data_ptr<std::uint8_t>() + std::size_t(indices[i]) * bytes, bytes);
  return images;
}

void MemoryDataset::set_split(Split split, at::Tensor images, std::vector<std::int64_t> labels) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::Data, std::string("the ") + to_string(split) + " split " + what,
                "this is a fault of the data set's plugin or its files");
  };
  const auto& shape = info_.shape;
  const auto count = std::int64_t(labels.size());
  if (images.scalar_type() != at::kByte ||
      images.sizes() != at::IntArrayRef({count, shape.channels, shape.height, shape.width}))
    fail("does not hold one uint8 image of the declared shape for each of its " + std::to_string(count) + " labels");
  for (std::int64_t label : labels)
    if (label < 0 || label >= std::int64_t(info_.classes.size()))
      fail("has the label " + std::to_string(label) + ", and there are " + std::to_string(info_.classes.size()) +
           " classes");
  parts_[std::size_t(split)] = {images.contiguous(), std::move(labels)};
}

}  // namespace cambium
