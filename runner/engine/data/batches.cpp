#include "engine/data/batches.h"

#include <ATen/ops/empty.h>

#include <array>
#include <cstring>
#include <numeric>

#include "cambium/random.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

using Lookup = std::vector<std::array<float, 256>>;

/// What each byte becomes, channel by channel.
Lookup lookup(const Preprocessing& how) {
  Lookup table(how.mean.size());
  for (std::size_t c = 0; c < table.size(); ++c)
    for (std::size_t v = 0; v < 256; ++v) table[c][v] = float((double(v) / 255 - how.mean[c]) / how.std[c]);
  return table;
}

/// splitmix64 (Steele et al. 2014): turns an index into 64 bits that do not resemble its neighbours'.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

Preprocessing preprocessing(const Params& data_settings, const InputCard& card, std::int64_t channels) {
  auto [mean, std] = normalisation(data_settings, card, channels);
  return {std::move(mean),
          std::move(std),
          data_settings.integer("crop"),
          data_settings.boolean("flip"),
          geometry(data_settings, card),
          augmentation(data_settings)};
}

at::Tensor normalised(const at::Tensor& images, const Preprocessing& how) {
  const Lookup table = lookup(how);
  const auto count = images.size(0), channels = images.size(1), pixels = images.size(2) * images.size(3);
  at::Tensor result = at::empty(images.sizes(), at::kFloat);
  const std::uint8_t* from = images.data_ptr<std::uint8_t>();
  float* to = result.data_ptr<float>();
  for (std::int64_t plane = 0; plane < count * channels; ++plane) {
    const auto& values = table[std::size_t(plane % channels)];
    for (std::int64_t p = 0; p < pixels; ++p) *to++ = values[*from++];
  }
  return result;
}

at::Tensor augmented(const at::Tensor& images, std::span<const std::int64_t> indices, const Preprocessing& how,
                     std::uint64_t seed, std::int64_t epoch) {
  const Lookup table = lookup(how);
  const std::uint64_t key = stream_seed(seed, "augment", std::uint64_t(epoch));
  const auto channels = images.size(1), height = images.size(2), width = images.size(3);
  const auto range = std::uint64_t(2 * how.crop + 1);
  at::Tensor result = at::empty(images.sizes(), at::kFloat);
  const std::uint8_t* from = images.data_ptr<std::uint8_t>();
  float* to = result.data_ptr<float>();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::uint64_t bits = mixed(key ^ mixed(std::uint64_t(indices[i])));
    // Three numbers of one draw; ranges are so small that what the remainder leaves uneven is below 1e-7.
    const auto down = std::int64_t((bits & 0xffffffff) % range) - how.crop,
               right = std::int64_t((bits >> 32 & 0x7fffffff) % range) - how.crop;
    const bool mirror = how.flip && bits >> 63;
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto& values = table[std::size_t(c)];
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x) {
          const std::int64_t sy = y + down, sx = (mirror ? width - 1 - x : x) + right;
          const bool inside = sy >= 0 && sy < height && sx >= 0 && sx < width;
          *to++ = values[inside ? from[sy * width + sx] : 0];
        }
      from += height * width;
    }
  }
  return result;
}

std::vector<std::int64_t> epoch_order(std::size_t count, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  RandomStream(seed, "order", std::uint64_t(epoch)).shuffle(order);
  return order;
}

std::vector<std::size_t> batch_bounds(std::size_t count, std::size_t batch) {
  std::vector<std::size_t> bounds = {0};
  for (std::size_t at = batch; at < count; at += batch) bounds.push_back(at);
  if (batch > 1 && bounds.size() > 1 && count - bounds.back() == 1) bounds.pop_back();
  if (count > 0) bounds.push_back(count);
  return bounds;
}

}  // namespace cambium
