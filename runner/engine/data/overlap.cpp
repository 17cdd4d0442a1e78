#include "engine/data/overlap.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <unordered_map>

#include "cambium/error.h"
#include "cambium/files.h"
#include "engine/data/geometry/parallel.h"

namespace cambium {
namespace {

constexpr std::size_t kBatch = 512, kMostExamples = 10;

/// Grey levels [height, width]: Rec. 601 luma of three channels, else their mean.
std::vector<float> grey(const std::uint8_t* image, const ImageShape& shape) {
  const auto pixels = std::size_t(shape.height * shape.width), channels = std::size_t(shape.channels);
  constexpr std::array<float, 3> kLuma = {0.299F, 0.587F, 0.114F};
  std::vector<float> levels(pixels, 0);
  for (std::size_t c = 0; c < channels; ++c) {
    const float weight = channels == 3 ? kLuma[c] : 1 / float(channels);
    for (std::size_t i = 0; i < pixels; ++i) levels[i] += weight * float(image[c * pixels + i]);
  }
  return levels;
}

/// What each of `to` equal parts of a line of `from` pixels covers: a first pixel, and the weights from there on.
struct Cover {
  std::size_t first = 0;
  std::vector<float> weights;  ///< sum 1
};
std::vector<Cover> covers(std::size_t from, std::size_t to) {
  std::vector<Cover> result(to);
  const double step = double(from) / double(to);
  for (std::size_t i = 0; i < to; ++i) {
    const double begin = double(i) * step, end = double(i + 1) * step;
    result[i].first = std::size_t(begin);
    for (std::size_t p = result[i].first; p < from && double(p) < end; ++p)
      result[i].weights.push_back(float((std::min(end, double(p + 1)) - std::max(begin, double(p))) / step));
  }
  return result;
}

/// Area means [rows, columns] of `levels` [height, width].
std::vector<float> area_means(const std::vector<float>& levels, const ImageShape& shape, std::size_t rows,
                              std::size_t columns) {
  const auto width = std::size_t(shape.width);
  const auto down = covers(std::size_t(shape.height), rows), across = covers(width, columns);
  std::vector<float> line(width), means;
  means.reserve(rows * columns);
  for (const Cover& row : down) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (std::size_t k = 0; k < row.weights.size(); ++k)
      for (std::size_t x = 0; x < width; ++x) line[x] += row.weights[k] * levels[(row.first + k) * width + x];
    for (const Cover& column : across)
      means.push_back(std::inner_product(column.weights.begin(), column.weights.end(),
                                         line.begin() + std::ptrdiff_t(column.first), 0.0F));
  }
  return means;
}

std::uint64_t difference_hash(const std::vector<float>& levels, const ImageShape& shape) {
  const auto means = area_means(levels, shape, 8, 9);
  std::uint64_t hash = 0;
  for (std::size_t y = 0; y < 8; ++y)
    for (std::size_t x = 0; x < 8; ++x) hash = hash << 1 | std::uint64_t(means[y * 9 + x] < means[y * 9 + x + 1]);
  return hash;
}

/// The bits that are 1. Written out: without -mpopcnt, std::popcount is a call.
inline int bits(std::uint64_t x) {
  x -= x >> 1 & 0x5555555555555555U;
  x = (x & 0x3333333333333333U) + (x >> 2 & 0x3333333333333333U);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fU;
  return int(x * 0x0101010101010101U >> 56);
}

float correlation(const ImageMark& a, const ImageMark& b) {
  return std::inner_product(a.thumbnail.begin(), a.thumbnail.end(), b.thumbnail.begin(), 0.0F);
}

/// The marks of images that differ in size. One that cannot be read does not hide the others.
std::vector<ImageMark> mark_each(const Dataset& dataset, Split split, std::size_t count) {
  std::vector<ImageMark> marks(count);
  std::vector<std::optional<Error>> errors(count);
  each_in_parallel(
      count,
      [&](std::size_t i) {
        try {
          const at::Tensor image = dataset.image(split, std::int64_t(i)).contiguous();
          marks[i] = mark_image(image.data_ptr<std::uint8_t>(), {image.size(0), image.size(1), image.size(2)});
        } catch (const Error& error) {
          errors[i] = error;
        }
      },
      usable_cpus());
  std::vector<std::string> faults;
  const Error* first = nullptr;
  for (const auto& error : errors) {
    if (!error) continue;
    if (!first) first = &*error;
    faults.push_back(error->message());
  }
  if (!first) return marks;
  if (faults.size() == 1) throw *first;
  const std::size_t named = std::min(faults.size(), kMostExamples);
  throw Error(first->kind(),
              fmt::format("{} of {} images cannot be read: {}{}", faults.size(), count,
                          fmt::join(faults.begin(), faults.begin() + std::ptrdiff_t(named), "; "),
                          faults.size() > named ? fmt::format("; and {} more", faults.size() - named) : ""),
              first->hint());
}

}  // namespace

ImageMark mark_image(const std::uint8_t* image, const ImageShape& shape) {
  ImageMark mark;
  const std::array<std::int64_t, 3> sides = {shape.channels, shape.height, shape.width};
  mark.sha256 = Sha256()
                    .add(std::span(reinterpret_cast<const std::uint8_t*>(sides.data()), sizeof sides))
                    .add(std::span(image, std::size_t(shape.channels * shape.height * shape.width)))
                    .hex();
  const auto levels = grey(image, shape);
  mark.hash = difference_hash(levels, shape);
  auto means = area_means(levels, shape, ImageMark::kSide, ImageMark::kSide);
  const float mean = std::accumulate(means.begin(), means.end(), 0.0F) / float(means.size());
  for (float& value : means) value -= mean;
  const float length = std::sqrt(std::inner_product(means.begin(), means.end(), means.begin(), 0.0F));
  mark.flat = length < kFlatDeviation * float(ImageMark::kSide);
  if (!mark.flat)
    std::transform(means.begin(), means.end(), mark.thumbnail.begin(), [&](float v) { return v / length; });
  return mark;
}

std::vector<ImageMark> mark_images(const Dataset& dataset, Split split) {
  const ImageShape& shape = dataset.info().shape;
  const std::size_t count = dataset.labels(split).size(),
                    bytes = std::size_t(shape.channels * shape.height * shape.width);
  std::vector<ImageMark> marks;
  marks.reserve(count);
  if (shape.height == 0) return mark_each(dataset, split, count);
  for (std::size_t at = 0; at < count; at += kBatch) {
    std::vector<std::int64_t> indices(std::min(kBatch, count - at));
    std::iota(indices.begin(), indices.end(), std::int64_t(at));
    const at::Tensor images = dataset.images(split, indices).contiguous();
    if (images.scalar_type() != at::kByte || std::size_t(images.numel()) != indices.size() * bytes)
      throw Error(ErrorKind::Plugin, "the data set does not give its images as uint8 of the shape that it declares",
                  "this is a fault of its plugin");
    const auto* pixels = images.data_ptr<std::uint8_t>();
    for (std::size_t i = 0; i < indices.size(); ++i) marks.push_back(mark_image(pixels + i * bytes, shape));
  }
  return marks;
}

OverlapFacts find_overlap(const std::vector<ImageMark>& a, const std::vector<ImageMark>& b, bool same) {
  OverlapFacts facts;
  facts.images_a = std::int64_t(a.size());
  facts.images_b = std::int64_t(b.size());
  std::unordered_map<std::string_view, std::int64_t> exact;
  for (std::size_t i = 0; i < a.size(); ++i) exact.try_emplace(a[i].sha256, std::int64_t(i));
  std::vector<std::uint64_t> hashes;
  hashes.reserve(a.size());
  for (const ImageMark& mark : a) hashes.push_back(mark.hash);

  std::vector<OverlapPair> near;
  for (std::size_t j = 0; j < b.size(); ++j) {
    const auto twin = exact.find(b[j].sha256);
    if (twin != exact.end() && (!same || twin->second < std::int64_t(j))) {
      ++facts.exact;
      if (facts.examples.size() < kMostExamples) facts.examples.push_back({twin->second, std::int64_t(j), 0, true});
      continue;
    }
    if (b[j].flat) {
      ++facts.flat;
      continue;
    }
    const std::size_t end = same ? j : a.size();
    std::optional<OverlapPair> closest;
    for (std::size_t i = 0; i < end; ++i) {
      const int distance = bits(hashes[i] ^ b[j].hash);
      if (distance > kNearBits || (closest && distance >= closest->distance)) continue;
      if (a[i].flat || correlation(a[i], b[j]) < kNearCorrelation) continue;
      closest = OverlapPair{std::int64_t(i), std::int64_t(j), distance, false};
    }
    if (!closest) continue;
    ++facts.near;
    near.push_back(*closest);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const OverlapPair& one, const OverlapPair& other) { return one.distance < other.distance; });
  for (const OverlapPair& pair : near)
    if (facts.examples.size() < kMostExamples) facts.examples.push_back(pair);
  return facts;
}

}  // namespace cambium
