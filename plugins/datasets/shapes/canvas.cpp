#include "canvas.h"

#include <algorithm>
#include <cstdlib>

#include "figures.h"

namespace cambium {
namespace {

constexpr int kOne = 1 << 14;  ///< 1.0 as sine() and cosine() give it

/// The sine of `direction`: round(2^14 sin(2 pi direction / 64)), from a table of a quarter turn.
int sine(int direction) {
  static constexpr int kQuarter[17] = {0,     1606,  3196,  4756,  6270,  7723,  9102,  10394, 11585,
                                       12665, 13623, 14449, 15137, 15679, 16069, 16305, 16384};
  const int d = direction & (kTurn - 1);
  if (d <= 16) return kQuarter[d];
  if (d <= 32) return kQuarter[32 - d];
  return d <= 48 ? -kQuarter[d - 32] : -kQuarter[64 - d];
}

int cosine(int direction) { return sine(direction + kTurn / 4); }

}  // namespace

int draw(RandomStream& random, int low, int high) { return low + int(random.below(std::uint64_t(high - low + 1))); }

Texture Texture::blotches(RandomStream& random) {
  Texture texture;
  for (auto& row : texture.lattice_)
    for (int& value : row) value = draw(random, -128, 127);
  return texture;
}

Texture Texture::stripes(RandomStream& random) {
  Texture texture;
  texture.striped_ = true;
  texture.direction_ = draw(random, 0, kTurn - 1);
  texture.period_ = draw(random, 3 * kPixel, 6 * kPixel);
  texture.phase_ = draw(random, 0, texture.period_ - 1);
  return texture;
}

int Texture::at(int x, int y) const {
  if (striped_) {  // a triangle wave
    const int along =
        (x * kPixel * cosine(direction_) + y * kPixel * sine(direction_)) / kOne + phase_ + 16 * kSide * kPixel;
    const int at = along % period_ * 512 / period_;  // 0 .. 511
    return (at < 256 ? at : 511 - at) - 128;
  }
  constexpr int kCell = 6;
  const auto i = std::size_t(y / kCell), j = std::size_t(x / kCell);
  const int down = y % kCell, right = x % kCell;
  const int upper = lattice_[i][j] * (kCell - right) + lattice_[i][j + 1] * right;
  const int lower = lattice_[i + 1][j] * (kCell - right) + lattice_[i + 1][j + 1] * right;
  return (upper * (kCell - down) + lower * down) / (kCell * kCell);
}

void Canvas::fill(const Paint& paint) {
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x)
      for (std::size_t c = 0; c < 3; ++c)
        pixels_[std::size_t(y)][std::size_t(x)][c] = paint.colour[c] + paint.texture.at(x, y) * paint.contrast / 128;
}

void Canvas::draw_figure(bool (*inside)(int u, int v), const Pose& pose, const Paint& paint) {
  // From 64ths of a pixel to the figure's own coordinates, times 2^30: a turn (2^14), then a stretch (2^16).
  const std::int64_t c = cosine(pose.direction), s = sine(pose.direction);
  const std::int64_t per_across = (kUnit << 16) / pose.across, per_along = (kUnit << 16) / pose.along;
  const auto u_at = [&](int dx, int dy) { return int((dx * c + dy * s) * per_across >> 30); };
  const auto v_at = [&](int dx, int dy) { return int((dy * c - dx * s) * per_along >> 30); };
  // Beyond these a pixel's middle is too far off for any of its samples to be inside.
  const int furthest_u = kUnit + int(kPixel * per_across >> 16), furthest_v = kUnit + int(kPixel * per_along >> 16);

  const int reach = std::max(pose.across, pose.along) * 3 / 2;
  const auto clamped = [](int position) { return std::clamp(position / kPixel, 0, kSide); };
  for (int y = clamped(pose.y - reach); y < clamped(pose.y + reach + 2 * kPixel); ++y)
    for (int x = clamped(pose.x - reach); x < clamped(pose.x + reach + 2 * kPixel); ++x) {
      const int left = x * kPixel - pose.x, top = y * kPixel - pose.y;
      if (std::abs(u_at(left + kPixel / 2, top + kPixel / 2)) > furthest_u ||
          std::abs(v_at(left + kPixel / 2, top + kPixel / 2)) > furthest_v)
        continue;
      int covered = 0;
      for (int sample = 0; sample < 16; ++sample) {
        const int dx = left + 8 + sample % 4 * 16, dy = top + 8 + sample / 4 * 16, u = u_at(dx, dy);
        covered += inside(pose.mirrored ? -u : u, v_at(dx, dy));
      }
      if (covered == 0) continue;
      const int shade = paint.texture.at(x, y) * paint.contrast / 128;
      Colour& pixel = pixels_[std::size_t(y)][std::size_t(x)];
      for (std::size_t k = 0; k < 3; ++k) pixel[k] += (paint.colour[k] + shade - pixel[k]) * covered / 16;
    }
}

void Canvas::add_noise(RandomStream& random, int amplitude) {
  std::uint64_t bits = 0;
  int left = 0;
  for (auto& row : pixels_)
    for (Colour& pixel : row)
      for (int& value : pixel) {
        if (left-- == 0) {
          bits = random.next();
          left = 3;
        }
        value += int(bits & 0xffff) * (2 * amplitude + 1) / 0x10000 - amplitude;
        bits >>= 16;
      }
}

void Canvas::write(std::uint8_t* pixels) const {
  for (std::size_t c = 0; c < 3; ++c)
    for (const auto& row : pixels_)
      for (const Colour& pixel : row) *pixels++ = std::uint8_t(std::clamp(pixel[c], 0, 255));
}

}  // namespace cambium
