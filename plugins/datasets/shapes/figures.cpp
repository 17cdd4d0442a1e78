#include "figures.h"

#include <cstdlib>

namespace cambium {
namespace {

bool in_box(int u, int v, int left, int top, int right, int bottom) {
  return u >= left && u <= right && v >= top && v <= bottom;
}
bool in_disc(int u, int v, int radius) { return u * u + v * v <= radius * radius; }

// Family a.
bool triangle(int u, int v) { return v <= 512 && 1536 * std::abs(u) <= 887 * (v + 1024); }
bool bar(int u, int v) { return in_box(u, v, -1000, -320, 1000, 320); }
bool half_circle(int u, int v) { return v <= 400 && in_disc(u, v - 400, 950); }
bool l_shape(int u, int v) { return in_box(u, v, -750, -750, 750, 750) && (u <= -250 || v >= 250); }
bool hourglass(int u, int v) { return std::abs(v) <= 900 && 4 * std::abs(u) <= 3 * std::abs(v) + 240; }
bool chevron(int u, int v) { return std::abs(u) <= 800 && v >= std::abs(u) - 800 && v <= std::abs(u); }

// Family b.
bool cross(int u, int v) { return in_box(u, v, -950, -300, 950, 300) || in_box(u, v, -300, -950, 300, 950); }
bool ring(int u, int v) { return in_disc(u, v, 950) && !in_disc(u, v, 500); }
bool crescent(int u, int v) { return in_disc(u, v, 900) && !in_disc(u - 400, v, 750); }
bool t_shape(int u, int v) { return in_box(u, v, -850, -800, 850, -300) || in_box(u, v, -270, -300, 270, 850); }
bool arrow(int u, int v) {
  return (v >= -1000 && v <= 0 && 5 * std::abs(u) <= 4 * (v + 1000)) || in_box(u, v, -250, 0, 250, 950);
}
bool rhombus(int u, int v) { return 560 * std::abs(u) + 1024 * std::abs(v) <= 1024 * 560; }
bool z_shape(int u, int v) { return in_box(u, v, -900, -550, 300, 0) || in_box(u, v, -300, 0, 900, 550); }

/// Five points: what is beyond at most one of the five lines, cos 72 degrees from the middle, that join every second
/// point.
bool star(int u, int v) {
  constexpr int kNormals[5][2] = {{0, -1024}, {974, -316}, {602, 828}, {-602, 828}, {-974, -316}};
  int beyond = 0;
  for (const auto& normal : kNormals) beyond += normal[0] * u + normal[1] * v > 1024 * 316;
  return beyond <= 1;
}

}  // namespace

bool inside_circle(int u, int v) { return in_disc(u, v, 850); }
bool inside_square(int u, int v) { return in_box(u, v, -750, -750, 750, 750); }

const std::vector<Figure>& family(const std::string& name) {
  static const std::vector<Figure> a = {
      {"circle", inside_circle},    {"square", inside_square}, {"triangle", triangle},   {"bar", bar},
      {"half_circle", half_circle}, {"l_shape", l_shape},      {"hourglass", hourglass}, {"chevron", chevron}};
  static const std::vector<Figure> b = {{"star", star},         {"cross", cross},     {"ring", ring},
                                        {"crescent", crescent}, {"t_shape", t_shape}, {"arrow", arrow},
                                        {"rhombus", rhombus},   {"z_shape", z_shape}};
  return name == "a" ? a : b;
}

}  // namespace cambium
