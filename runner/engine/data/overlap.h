#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cambium/dataset.h"
#include "protocol/messages.h"

namespace cambium {

/// Two images are near duplicates where their hashes differ in at most kNearBits of 64 bits and their thumbnails
/// correlate with at least kNearCorrelation. The hash alone does not do: digits on a black ground have few bits that
/// say anything.
inline constexpr int kNearBits = 4;
inline constexpr float kNearCorrelation = 0.985F;
/// An image whose thumbnail has a standard deviation under so many grey levels of 255 is flat: it looks like every
/// other one, and only equal pixels count.
inline constexpr float kFlatDeviation = 3;

/// What an image is known again by, whatever its size, brightness and contrast.
struct ImageMark {
  static constexpr std::size_t kSide = 16;

  std::string sha256;      ///< of its shape and pixels
  std::uint64_t hash = 0;  ///< the difference hash: grey, 9 x 8 area means, each against its right
                           ///< neighbour (N. Krawetz, "Kind of like that", 2013)
  std::array<float, kSide * kSide> thumbnail{};  ///< grey area means, mean 0 and length 1; zeros for a flat image
  bool flat = false;
};

/// `image`: uint8 [C, H, W], contiguous.
ImageMark mark_image(const std::uint8_t* image, const ImageShape& shape);

/// The marks of a whole split, in its order, images that differ in size on all CPUs that the process may use. Throws
/// Error{Data} naming those that cannot be read: how many, and the first.
std::vector<ImageMark> mark_images(const Dataset& dataset, Split split);

/// How many of `b` have a duplicate in `a`; at most ten examples, exact ones first. `same`: both are the same images,
/// and each is held against those before it alone.
OverlapFacts find_overlap(const std::vector<ImageMark>& a, const std::vector<ImageMark>& b, bool same = false);

}  // namespace cambium
