#include "engine/data/geometry/augmentation.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace cambium {
namespace {

/// The logarithm of a draw from Gamma(alpha, 1): Marsaglia and Tsang 2000, boosted for alpha < 1. A logarithm, since
/// small alphas give numbers that are too small for a double.
double log_gamma_draw(double alpha, RandomStream& random) {
  if (alpha < 1) {
    const double boost = std::log(1 - random.uniform()) / alpha;
    return log_gamma_draw(alpha + 1, random) + boost;
  }
  const double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - random.uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

}  // namespace

Augmentation augmentation(const Params& data_settings) {
  return {random_resized_crop(data_settings),     data_settings.number("rotation"), colour_jitter(data_settings),
          data_settings.number("random_erasing"), data_settings.number("mixup"),    data_settings.number("cutmix")};
}

void rotate(std::uint8_t* image, std::int64_t channels, std::int64_t height, std::int64_t width, double degrees) {
  const double angle = degrees * std::numbers::pi / 180, sine = std::sin(angle), cosine = std::cos(angle);
  const double middle_y = double(height - 1) / 2, middle_x = double(width - 1) / 2;
  const std::int64_t pixels = height * width;
  const std::vector<std::uint8_t> from(image, image + channels * pixels);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const double dy = double(y) - middle_y, dx = double(x) - middle_x;
      const auto sy = std::int64_t(std::nearbyint(sine * dx + cosine * dy + middle_y));
      const auto sx = std::int64_t(std::nearbyint(cosine * dx - sine * dy + middle_x));
      const bool inside = sy >= 0 && sy < height && sx >= 0 && sx < width;
      for (std::int64_t c = 0; c < channels; ++c)
        image[c * pixels + y * width + x] = inside ? from[std::size_t(c * pixels + sy * width + sx)] : 0;
    }
}

void erase(float* image, std::int64_t channels, std::int64_t height, std::int64_t width, double probability,
           RandomStream random) {
  constexpr int kTries = 10;
  constexpr double kLeast = 0.02, kGreatest = 0.33, kLeastRatio = 0.3, kGreatestRatio = 3.3;
  if (!(random.uniform() < probability)) return;
  for (int i = 0; i < kTries; ++i) {
    const double area = double(height * width) * random.uniform(kLeast, kGreatest);
    const double ratio = std::exp(random.uniform(std::log(kLeastRatio), std::log(kGreatestRatio)));
    const auto h = std::int64_t(std::nearbyint(std::sqrt(area * ratio)));
    const auto w = std::int64_t(std::nearbyint(std::sqrt(area / ratio)));
    if (h >= height || w >= width) continue;
    const auto top = std::int64_t(random.below(std::uint64_t(height - h + 1)));
    const auto left = std::int64_t(random.below(std::uint64_t(width - w + 1)));
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t y = top; y < top + h; ++y) std::fill_n(image + (c * height + y) * width + left, w, 0.0F);
    return;
  }
}

double draw_beta(double alpha, RandomStream& random) {
  const double one = log_gamma_draw(alpha, random), other = log_gamma_draw(alpha, random);
  return 1 / (1 + std::exp(other - one));
}

Mix draw_mix(const Augmentation& how, std::uint64_t images, std::int64_t height, std::int64_t width,
             RandomStream random) {
  Mix mix;
  mix.partner = random.below(images);
  const bool heads = random.uniform() < 0.5;
  mix.cut = how.cutmix > 0 && (how.mixup <= 0 || heads);
  mix.share = draw_beta(mix.cut ? how.cutmix : how.mixup, random);
  if (!mix.cut) return mix;
  const auto y = std::int64_t(random.below(std::uint64_t(height))),
             x = std::int64_t(random.below(std::uint64_t(width)));
  const double half = 0.5 * std::sqrt(1 - mix.share);
  const auto h = std::int64_t(half * double(height)), w = std::int64_t(half * double(width));
  const std::int64_t top = std::max<std::int64_t>(y - h, 0), left = std::max<std::int64_t>(x - w, 0);
  mix.box = {top, left, std::min(y + h, height) - top, std::min(x + w, width) - left};
  mix.share = 1 - double(mix.box.height * mix.box.width) / double(height * width);
  return mix;
}

}  // namespace cambium
