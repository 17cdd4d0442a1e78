#pragma once

#include <array>
#include <cstdint>

#include "cambium/random.h"

namespace cambium {

// Everything here is integer arithmetic, so that the same seed gives the same bytes on every machine.

inline constexpr int kSide = 32;   ///< pixels
inline constexpr int kPixel = 64;  ///< positions and lengths are given in 64ths of a pixel
inline constexpr int kTurn = 64;   ///< directions are given in 64ths of a turn

/// From `low` to `high`, both included.
int draw(RandomStream& random, int low, int high);

using Colour = std::array<int, 3>;  ///< red, green, blue, 0 .. 255

/// Light and dark over the picture, -128 .. 127: soft blotches or sharp stripes.
class Texture {
 public:
  static Texture blotches(RandomStream& random);
  static Texture stripes(RandomStream& random);
  int at(int x, int y) const;  ///< pixels

 private:
  bool striped_ = false;
  int direction_ = 0, period_ = 1, phase_ = 0;   ///< of stripes; period and phase in 64ths of a pixel
  std::array<std::array<int, 7>, 7> lattice_{};  ///< of blotches, a value every 6 pixels
};

/// What an area is painted with.
struct Paint {
  Colour colour;
  Texture texture;
  int contrast = 0;  ///< of the texture: at most so much lighter or darker
};

/// Where and how a figure is put: its middle, the length of its kUnit across and along, its direction.
struct Pose {
  int x = 0, y = 0, across = 1, along = 1, direction = 0;
  bool mirrored = false;
};

/// A picture of 32x32 pixels in red, green and blue.
class Canvas {
 public:
  void fill(const Paint& paint);
  /// Paints the points that are `inside`, with 16 samples a pixel, so that edges are smooth.
  void draw_figure(bool (*inside)(int u, int v), const Pose& pose, const Paint& paint);
  /// Adds independent noise of at most `amplitude` to each value.
  void add_noise(RandomStream& random, int amplitude);
  /// Writes [3, 32, 32] bytes.
  void write(std::uint8_t* pixels) const;

 private:
  std::array<std::array<Colour, kSide>, kSide> pixels_{};  ///< [y][x]
};

}  // namespace cambium
