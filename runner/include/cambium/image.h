#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cambium {

/// The shape of one image.
struct ImageShape {
  std::int64_t channels = 0, height = 0, width = 0;
  bool operator==(const ImageShape&) const = default;
};

/// What a backbone wants to be fed, as its public weights were trained. Empty mean and std: whatever the study says.
struct InputCard {
  std::vector<double> mean, std;           ///< one a channel, for pixels scaled to [0, 1]
  std::int64_t size = 0;                   ///< pixels a side, the centre of what `resize` gives; 0: any
  std::int64_t resize = 0;                 ///< the shorter side before that; 0: not resized
  std::string interpolation = "bilinear";  ///< of the resizing: "bilinear" or "bicubic"
  bool operator==(const InputCard&) const = default;
};

}  // namespace cambium
