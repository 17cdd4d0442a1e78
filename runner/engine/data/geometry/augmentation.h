#pragma once

#include <cstdint>

#include "cambium/random.h"
#include "cambium/schema.h"
#include "engine/data/geometry/colour.h"
#include "engine/data/geometry/geometry.h"

namespace cambium {

/// What is done to training images beside the padded crop and the mirror.
struct Augmentation {
  RandomResizedCrop cut;
  double rotation = 0;  ///< at most so many degrees either way
  ColourJitter colour;
  double erasing = 0;            ///< probability
  double mixup = 0, cutmix = 0;  ///< alpha; 0: not

  bool mixes() const { return mixup > 0 || cutmix > 0; }
  /// Whether bytes change before they are normalised.
  bool changes_bytes() const { return rotation > 0 || colour.any(); }
  bool any() const { return cut.side > 0 || changes_bytes() || erasing > 0 || mixes(); }
};
Augmentation augmentation(const Params& data_settings);

/// Turns uint8 [C, height, width] in place about its middle, against the clock, by the nearest pixel; 0 where there is
/// none. As torchvision's rotate does it.
void rotate(std::uint8_t* image, std::int64_t channels, std::int64_t height, std::int64_t width, double degrees);

/// Random erasing (Zhong et al. 2020) as torchvision's RandomErasing draws it: with `probability`, a rectangle of
/// 2 to 33 % of the area and a ratio of 0.3 to 3.3 becomes 0 in float32 [C, height, width], normalised.
void erase(float* image, std::int64_t channels, std::int64_t height, std::int64_t width, double probability,
           RandomStream random);

/// How an image is mixed with another one.
struct Mix {
  std::uint64_t partner = 0;  ///< position of the other, among all that are trained on
  double share = 1;           ///< of the image's own label
  bool cut = false;           ///< `box` of the other is put in, else all of it is blended in
  Box box;
};

/// mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019); where a study has both, either with probability 1/2. Unlike
/// in the papers, each image draws its own share and its partner from all `images`, not from its batch: so what
/// becomes of it depends on the seed, the epoch and the image alone.
Mix draw_mix(const Augmentation& how, std::uint64_t images, std::int64_t height, std::int64_t width,
             RandomStream random);

/// From Beta(alpha, alpha).
double draw_beta(double alpha, RandomStream& random);

}  // namespace cambium
