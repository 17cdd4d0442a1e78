#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace cambium::page {

/// A cell's values of one metric by epoch.
struct Curve {
  std::string cell, metric;
  std::vector<std::pair<std::int64_t, double>> points;
};

/// All curves of a study, each of about `most` epochs evenly spread, the last among them; in one pass over the points.
struct Curves {
  std::vector<Curve> all;
  std::int64_t every = 1;  ///< one epoch in so many is there
};
Curves curves_of(const Store& store, const std::string& study, std::int64_t most);

}  // namespace cambium::page
