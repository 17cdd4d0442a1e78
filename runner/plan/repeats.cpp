#include "plan/repeats.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

namespace cambium {

void Repeats::add(const std::string& cluster, std::uint64_t seed) {
  clusters_.insert(cluster);
  seeds_.insert(seed);
}

std::int64_t Repeats::count() const {
  return static_cast<std::int64_t>(clusters_.size() > 1 ? clusters_.size() : seeds_.size());
}

std::map<std::size_t, std::map<std::pair<std::string, std::string>, Repeats>> repeats_of(const Plan& plan) {
  std::unordered_map<std::string, std::string> clusters;  // by replicate
  std::map<std::size_t, std::map<std::pair<std::string, std::string>, Repeats>> repeats;
  for (const Entry& entry : plan.entries) {
    const auto [at, added] = clusters.try_emplace(entry.replicate);
    if (added) {
      auto replicate = nlohmann::json::parse(entry.replicate);
      replicate.erase("data.half");
      at->second = replicate.dump();
    }
    repeats[entry.stage][{entry.arm, entry.axes}].add(at->second, plan.cells[entry.cell].seed);
  }
  return repeats;
}

}  // namespace cambium
