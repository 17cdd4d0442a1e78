#include "exec/rates.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cambium/cache.h"
#include "cambium/files.h"

namespace cambium {
namespace {

/// All in all, and of a job on average: less is starting and ending.
constexpr double kLeastSeconds = 2, kLeastOfJob = 0.5;
/// Multiply-adds a second that no core does: what was computed was there already, as taps.
constexpr double kMostRate = 2e11;

std::filesystem::path file() {
  const auto folder = cache_folder();
  return folder.empty() ? folder : folder / "rates";
}

}  // namespace

Rates read_rates() {
  try {
    const auto bytes = read_bytes(file());
    return {nlohmann::json::parse(bytes.begin(), bytes.end()).get<std::map<std::string, double>>()};
  } catch (const std::exception&) {
    return {};
  }
}

void remember_rates(Rates rates, const std::map<std::string, Trained>& trained) {
  for (const auto& [backbone, sum] : trained)
    if (sum.seconds >= std::max(kLeastSeconds, kLeastOfJob * double(sum.jobs)) && sum.operations > 0 &&
        sum.operations / sum.seconds < kMostRate)
      rates.known[backbone] = sum.operations / sum.seconds;
  if (file().empty() || rates.known.empty()) return;
  try {
    std::filesystem::create_directories(file().parent_path());
    write_file(file(), nlohmann::json(rates.known).dump());
  } catch (const std::exception&) {
    // Only the next estimate is worse.
  }
}

}  // namespace cambium
