#pragma once

#include <cstdint>

#include "cambium/random.h"
#include "cambium/schema.h"

namespace cambium {

/// How far the colours of training images stray, as torchvision's ColorJitter has it.
struct ColourJitter {
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;

  bool any() const { return brightness > 0 || contrast > 0 || saturation > 0 || hue > 0; }
};
ColourJitter colour_jitter(const Params& data_settings);

/// The four in place, on uint8 [C, pixels]; arithmetic is that of torchvision's functions on uint8 tensors. Images of
/// one channel have no saturation and no hue.
void adjust_brightness(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, double factor);
void adjust_contrast(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, double factor);
void adjust_saturation(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, double factor);
/// `turn`: of the colour circle, -0.5 to 0.5.
void adjust_hue(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, double turn);

/// All of them, by factors and in an order that are drawn.
void jitter(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, const ColourJitter& how,
            RandomStream random);

}  // namespace cambium
