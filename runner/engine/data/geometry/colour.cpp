#include "engine/data/geometry/colour.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace cambium {
namespace {

std::uint8_t byte_of(float value) { return std::uint8_t(std::clamp(value, 0.0F, 255.0F)); }

std::uint8_t blend(std::uint8_t one, float other, float share, float rest) {
  return byte_of(share * float(one) + rest * other);
}

/// ITU-R 601 luma, without its fraction.
float grey(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return std::floor(0.2989F * float(red) + 0.587F * float(green) + 0.114F * float(blue));
}

struct Hsv {
  float hue, saturation, value;
};

Hsv hsv_of(float r, float g, float b) {
  const float most = std::max({r, g, b}), least = std::min({r, g, b}), range = most - least;
  if (range == 0) return {0, 0, most};
  const float rc = (most - r) / range, gc = (most - g) / range, bc = (most - b) / range;
  const float sector = most == r ? bc - gc : most == g ? 2 + rc - bc : 4 + gc - rc;
  return {std::fmod(sector / 6 + 1, 1.0F), range / most, most};
}

void rgb_of(const Hsv& from, float& r, float& g, float& b) {
  const float sector = std::floor(from.hue * 6), f = from.hue * 6 - sector, v = from.value, s = from.saturation;
  const float p = std::clamp(v * (1 - s), 0.0F, 1.0F), q = std::clamp(v * (1 - s * f), 0.0F, 1.0F),
              t = std::clamp(v * (1 - s * (1 - f)), 0.0F, 1.0F);
  const float red[] = {v, q, p, p, t, v}, green[] = {t, v, v, q, p, p}, blue[] = {p, p, t, v, v, q};
  const int i = int(sector) % 6;
  r = red[i];
  g = green[i];
  b = blue[i];
}

}  // namespace

ColourJitter colour_jitter(const Params& data_settings) {
  ColourJitter how;
  for (const auto& [name, value] : data_settings.table("color_jitter")) {
    if (name == "brightness") how.brightness = value;
    if (name == "contrast") how.contrast = value;
    if (name == "saturation") how.saturation = value;
    if (name == "hue") how.hue = value;
  }
  return how;
}

void adjust_brightness(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, double factor) {
  for (std::int64_t i = 0; i < channels * pixels; ++i) image[i] = blend(image[i], 0, float(factor), float(1 - factor));
}

void adjust_contrast(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, double factor) {
  double sum = 0;
  for (std::int64_t p = 0; p < pixels; ++p)
    sum += channels == 3 ? double(grey(image[p], image[pixels + p], image[2 * pixels + p])) : double(image[p]);
  const auto mean = float(sum / double(pixels));
  for (std::int64_t i = 0; i < channels * pixels; ++i)
    image[i] = blend(image[i], mean, float(factor), float(1 - factor));
}

void adjust_saturation(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, double factor) {
  if (channels != 3) return;
  const auto share = float(factor), rest = float(1 - factor);
  std::uint8_t *red = image, *green = image + pixels, *blue = image + 2 * pixels;
  for (std::int64_t p = 0; p < pixels; ++p) {
    const float light = grey(red[p], green[p], blue[p]);
    for (std::uint8_t* plane : {red, green, blue}) plane[p] = blend(plane[p], light, share, rest);
  }
}

void adjust_hue(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, double turn) {
  if (channels != 3) return;
  constexpr float kLevels = 255.0F + 1 - 1e-3F;  // torchvision's way from [0, 1] to bytes
  std::uint8_t *red = image, *green = image + pixels, *blue = image + 2 * pixels;
  for (std::int64_t p = 0; p < pixels; ++p) {
    Hsv colour = hsv_of(float(red[p]) / 255, float(green[p]) / 255, float(blue[p]) / 255);
    colour.hue += float(turn);
    colour.hue -= std::floor(colour.hue);
    float r = 0, g = 0, b = 0;
    rgb_of(colour, r, g, b);
    red[p] = byte_of(r * kLevels);
    green[p] = byte_of(g * kLevels);
    blue[p] = byte_of(b * kLevels);
  }
}

void jitter(std::uint8_t* image, std::int64_t channels, std::int64_t pixels, const ColourJitter& how,
            RandomStream random) {
  std::vector<int> order = {0, 1, 2, 3};
  random.shuffle(order);
  const auto factor = [&](double reach) { return random.uniform(std::max(0.0, 1 - reach), 1 + reach); };
  // All are drawn, used or not: one that is left out leaves the others' draws as they were.
  const double brightness = factor(how.brightness), contrast = factor(how.contrast),
               saturation = factor(how.saturation);
  const double turn = random.uniform(-how.hue, how.hue);
  for (const int which : order) {
    if (which == 0 && how.brightness > 0) adjust_brightness(image, channels, pixels, brightness);
    if (which == 1 && how.contrast > 0) adjust_contrast(image, channels, pixels, contrast);
    if (which == 2 && how.saturation > 0) adjust_saturation(image, channels, pixels, saturation);
    if (which == 3 && how.hue > 0) adjust_hue(image, channels, pixels, turn);
  }
}

}  // namespace cambium
