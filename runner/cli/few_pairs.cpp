#include "cli/few_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/power.h"
#include "report/text.h"

namespace cambium {

void check_pairs(const Study& study, const Plan& plan, Problems& problems) {
  std::set<std::size_t> sources;
  for (const Cell& cell : plan.cells)
    if (cell.source >= 0) sources.insert(std::size_t(cell.source));
  std::map<std::size_t, std::map<std::string, std::int64_t>> cells;  // by stage and arm
  for (const Entry& entry : plan.entries)
    if (sources.count(entry.cell) == 0 && plan.cells[entry.cell].network->trainable > 0)
      ++cells[entry.stage][entry.arm];
  for (const auto& [index, arms] : cells) {
    const Stage& stage = study.stages[index];
    if (std::count(stage.allow.begin(), stage.allow.end(), "few-pairs") > 0) continue;
    std::int64_t fewest = arms.begin()->second;
    for (const auto& [arm, count] : arms) fewest = std::min(fewest, count);
    if (fewest == 1)
      problems.warning(stage.place,
                       fmt::format("arms of stage {} have one cell each, so they get no interval", stage.name),
                       "give the study more seeds, or say allow = [\"few-pairs\"]");
    if (!study.detect || !study.assume_sd) continue;
    const std::int64_t needed = pairs_needed(*study.detect / *study.assume_sd);
    if (fewest < needed && fewest > 1)
      problems.warning(study.detect_place,
                       fmt::format("to tell {} points apart at a spread of {} takes {}, and arms of stage {} have {}",
                                   *study.detect, *study.assume_sd, counted(needed, "pair"), stage.name, fewest),
                       "add seeds or replicates, look for a larger difference, or say allow = [\"few-pairs\"]");
  }
}

}  // namespace cambium
