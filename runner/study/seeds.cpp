#include "study/seeds.h"

#include <fmt/format.h>

#include <set>

#include "study/axes.h"

namespace cambium {
namespace {

constexpr std::int64_t kMostSeeds = 1'000'000;
constexpr const char* kHow = "write seeds = [0, 1, 2], seeds = 3 for the same three, or seeds = { range = [0, 2] }";

std::vector<Value> listed(const Value& value, Problems& problems) {
  if (value.is_array() && !value.array().empty()) return value.array();
  if (value.is_table()) return axis_values("seeds", value, problems);
  if (const auto count = value.whole(); count && *count >= 1 && *count <= kMostSeeds) {
    std::vector<Value> values;
    for (std::int64_t seed = 0; seed < *count; ++seed) values.push_back({seed, value.place});
    return values;
  }
  if (value.is_number())
    problems.error(value.place, fmt::format("seeds is {}, out of range", describe(value)),
                   fmt::format("a number says how many seeds, counted from 0, up to {}; {}", kMostSeeds, kHow));
  else
    problems.error(value.place, fmt::format("seeds is {}", value.is_array() ? "an empty list" : describe(value)), kHow);
  return {};
}

}  // namespace

std::vector<std::uint64_t> read_seeds(const Value& value, Problems& problems) {
  std::vector<std::uint64_t> seeds;
  std::set<std::int64_t> seen;
  for (const Value& element : listed(value, problems)) {
    const auto seed = element.whole();
    if (!seed || *seed < 0)
      problems.error(element.place, fmt::format("a seed of seeds is {}", describe(element)),
                     fmt::format("seeds are whole numbers from 0 on: {}", kHow));
    else if (!seen.insert(*seed).second)
      problems.error(element.place, fmt::format("seeds has {} twice", *seed), "each seed once");
    else
      seeds.push_back(std::uint64_t(*seed));
  }
  return seeds.empty() ? std::vector<std::uint64_t>{0} : seeds;
}

}  // namespace cambium
