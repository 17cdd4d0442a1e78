#pragma once

#include <string>

#include "cambium/error.h"
#include "cambium/image.h"

namespace cambium::blocks {

/// The input of torchvision's ImageNet weights: shorter side 256, centre 224, ImageNet's mean and deviation. Images
/// that are not in colour have the study's.
inline InputCard imagenet_card(const ImageShape& image, const std::string& interpolation = "bilinear") {
  InputCard card;
  card.size = 224;
  card.resize = 256;
  card.interpolation = interpolation;
  if (image.channels == 3) {
    card.mean = {0.485, 0.456, 0.406};
    card.std = {0.229, 0.224, 0.225};
  }
  return card;
}

/// Throws Error{Plugin} for images with a side below `smallest` pixels.
inline void need_size(const ImageShape& image, std::int64_t smallest, const std::string& network) {
  if (image.height >= smallest && image.width >= smallest) return;
  const auto size = [](std::int64_t h, std::int64_t w) { return std::to_string(h) + "x" + std::to_string(w); };
  throw Error(ErrorKind::Plugin, network + ": images of " + size(image.height, image.width) + " are too small",
              "it needs at least " + size(smallest, smallest) + "; resnet18 takes any size");
}

}  // namespace cambium::blocks
