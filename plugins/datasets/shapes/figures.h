#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cambium {

/// What 1.0 is in the coordinates of figures, none of whose points lies beyond it.
inline constexpr int kUnit = 1024;

/// A class of shapes: its name, and which points belong to it. In integers, so that it is the same on every machine.
struct Figure {
  std::string_view name;
  bool (*inside)(int u, int v);
};

/// Eight figures a family, "a" or "b"; no figure is in both. They are made of the same things: straight edges, corners,
/// arcs.
const std::vector<Figure>& family(const std::string& name);

bool inside_circle(int u, int v);
bool inside_square(int u, int v);

}  // namespace cambium
