#include "engine/data/geometry/image_source.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <cstring>
#include <string>
#include <vector>

#include "engine/data/geometry/parallel.h"

namespace cambium {
namespace {

/// What is done to an image before it is kept. What is as it mostly is has no word, so that files stay what they were.
std::string key_text(Split split, const Geometry& how, bool recoloured) {
  std::string text = fmt::format("{} resize {}", to_string(split), how.resize.side);
  if (how.resize.height > 0)
    text = fmt::format("{} resize {}x{}", to_string(split), how.resize.width, how.resize.height);
  text += fmt::format(" center_crop {}", how.center_crop);
  if (how.interpolation == Interpolation::Bicubic) text += " bicubic";
  return recoloured ? text + " recoloured" : text;
}

}  // namespace

ImageSource::ImageSource(const SealedDataset& data, Split split, Geometry how, bool cuts)
    : data_(data), split_(split), how_(how) {
  const DatasetInfo& info = data_.info();
  shape_ = plain_shape(how_, info.shape);
  // By the data set's own numbers, since runs that keep different classes share what is kept.
  const std::int64_t count = data_.original_count(split_);
  if (info.shape.height > 0 || shape_.height == 0 || cuts || count == 0) return;
  kept_ = std::make_unique<KeptRows>(
      kept_images_folder(),
      KeptKey{"images", info.fingerprint, key(), count, shape_.channels * shape_.height * shape_.width}, count);
}

std::string ImageSource::key() const { return key_text(split_, how_, data_.recoloured()); }

at::Tensor ImageSource::plain(std::span<const std::int64_t> indices) const {
  if (data_.info().shape.height == 0) return decoded(indices);
  const at::Tensor raw = data_.images(split_, indices);
  if (!how_.changes()) return raw;
  at::Tensor result = at::empty({raw.size(0), shape_.channels, shape_.height, shape_.width}, at::kByte);
  const std::int64_t bytes = shape_.channels * shape_.height * shape_.width;
  each_in_parallel(indices.size(), [&](std::size_t i) {
    const at::Tensor one = cambium::plain(raw.select(0, std::int64_t(i)), how_);
    std::memcpy(result.data_ptr<std::uint8_t>() + std::int64_t(i) * bytes, one.data_ptr(), std::size_t(bytes));
  });
  return result;
}

at::Tensor ImageSource::decoded(std::span<const std::int64_t> indices) const {
  at::Tensor result =
      at::empty({std::int64_t(indices.size()), shape_.channels, shape_.height, shape_.width}, at::kByte);
  const std::int64_t bytes = shape_.channels * shape_.height * shape_.width;
  const auto place = [&](std::size_t i) { return result.data_ptr<std::uint8_t>() + std::int64_t(i) * bytes; };
  const std::vector<std::int64_t> originals = data_.originals(split_, indices);
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto kept = kept_ ? kept_->find(originals[i]) : std::span<const std::uint8_t>();
    if (kept.empty())
      missing.push_back(i);
    else
      std::memcpy(place(i), kept.data(), kept.size());
  }
  each_in_parallel(missing.size(), [&](std::size_t m) {
    const std::size_t i = missing[m];
    const at::Tensor one = cambium::plain(data_.image(split_, indices[i]), how_).contiguous();
    std::memcpy(place(i), one.data_ptr(), std::size_t(bytes));
    if (kept_) kept_->put(originals[i], {place(i), std::size_t(bytes)});
  });
  return result;
}

at::Tensor ImageSource::varied(std::span<const std::int64_t> indices, const Augmentation& how,
                               std::uint64_t key) const {
  const std::int64_t side = how.cut.side, channels = shape_.channels;
  if (side == 0 && !how.changes_bytes()) return plain(indices);
  at::Tensor result =
      side > 0 ? at::empty({std::int64_t(indices.size()), channels, side, side}, at::kByte) : plain(indices);
  const std::int64_t height = result.size(2), width = result.size(3), bytes = channels * height * width;
  each_in_parallel(indices.size(), [&](std::size_t i) {
    const auto index = std::uint64_t(indices[i]);
    std::uint8_t* pixels = result.data_ptr<std::uint8_t>() + std::int64_t(i) * bytes;
    if (side > 0) {
      const at::Tensor whole = data_.image(split_, indices[i]);
      RandomStream random(key, "random_resized_crop", index);
      const at::Tensor part =
          cut_out(whole, draw_box(whole.size(1), whole.size(2), how.cut, random), side, how_.interpolation);
      std::memcpy(pixels, part.data_ptr(), std::size_t(bytes));
    }
    if (how.rotation > 0)
      rotate(pixels, channels, height, width,
             RandomStream(key, "rotation", index).uniform(-how.rotation, how.rotation));
    if (how.colour.any())
      jitter(pixels, channels, height * width, how.colour, RandomStream(key, "color_jitter", index));
  });
  return result;
}

}  // namespace cambium
