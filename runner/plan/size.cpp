#include "plan/size.h"

#include <fmt/format.h>

#include <algorithm>

namespace cambium {
namespace {

/// Grid points times seeds, before anything is excluded or merged. Each takes 2 to 6 KB.
constexpr double kMostPoints = 150'000;

}  // namespace

bool is_planable(const Stage& stage, std::size_t backbones, std::int64_t points, Problems& problems) {
  double size = 1;
  for (const Axis& axis : stage.axes) size *= double(axis.size());
  size =
      (size + double(stage.extras.size())) * double(stage.seeds.size()) * double(std::max<std::size_t>(1, backbones));
  if (double(points) + size <= kMostPoints) return true;
  problems.error(
      stage.place,
      fmt::format("the grid of stage {} has {:.7g} points with its seeds{}", stage.name, size,
                  points > 0 ? fmt::format(", and the stages before it have {}", points) : ""),
      fmt::format("a study may have {:.0f} in all: fewer values, zips in place of products, or several studies "
                  "in one database",
                  kMostPoints));
  return false;
}

}  // namespace cambium
