#pragma once

#include <cstdint>
#include <vector>

namespace cambium {

/// The shape of one image.
struct ImageShape {
  std::int64_t channels = 0, height = 0, width = 0;
  bool operator==(const ImageShape&) const = default;
};

/// What a backbone wants to be fed. Empty mean and std: whatever the study says.
struct InputCard {
  std::vector<double> mean, std;  ///< one a channel, for pixels scaled to [0, 1]
  bool operator==(const InputCard&) const = default;
};

}  // namespace cambium
