#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "plan/cost.h"

namespace cambium {

/// What was trained with a backbone, and how long that took.
struct Trained {
  double operations = 0, seconds = 0;  ///< multiply-adds; of a core
  std::int64_t jobs = 0;
};

/// What earlier runs on this machine came to. Nothing where that cannot be read.
Rates read_rates();
/// Remembers what a run came to, by backbone plugin, where it took long enough to tell.
void remember_rates(Rates rates, const std::map<std::string, Trained>& trained);

}  // namespace cambium
