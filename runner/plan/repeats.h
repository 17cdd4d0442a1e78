#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "plan/plan.h"

namespace cambium {

/// How many independent repeats the cells of an arm come to, as the database's views count them (docs/statistics.md):
/// splits or other replicates, the halves of a split being one; the seeds where there are no two of those.
class Repeats {
 public:
  void add(const std::string& cluster, std::uint64_t seed);
  std::int64_t count() const;

 private:
  std::set<std::string> clusters_;
  std::set<std::uint64_t> seeds_;
};

/// By stage and by the arm's label and axes.
std::map<std::size_t, std::map<std::pair<std::string, std::string>, Repeats>> repeats_of(const Plan& plan);

}  // namespace cambium
