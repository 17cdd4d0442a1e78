#include "cli/few_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "plan/repeats.h"
#include "report/power.h"
#include "report/text.h"

namespace cambium {

void check_pairs(const Study& study, const Plan& plan, Problems& problems) {
  std::set<std::size_t> sources;
  for (const Cell& cell : plan.cells)
    if (cell.source >= 0) sources.insert(std::size_t(cell.source));
  std::map<std::size_t, std::map<std::pair<std::string, std::string>, std::int64_t>> compared;  // cells by stage, arm
  for (const Entry& entry : plan.entries)
    if (sources.count(entry.cell) == 0 && plan.cells[entry.cell].network->trainable > 0)
      ++compared[entry.stage][{entry.arm, entry.axes}];
  const auto repeats = repeats_of(plan);
  for (const auto& [index, arms] : compared) {
    const Stage& stage = study.stages[index];
    if (std::count(stage.allow.begin(), stage.allow.end(), "few-pairs") > 0) continue;
    std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
    std::int64_t fewest_cells = fewest;
    for (const auto& [arm, cells] : arms) {
      fewest = std::min(fewest, repeats.at(index).at(arm).count());
      fewest_cells = std::min(fewest_cells, cells);
    }
    if (fewest == 1)
      problems.warning(stage.place,
                       fmt::format("arms of stage {} have one {} each, so they get no interval", stage.name,
                                   fewest_cells == 1 ? "cell" : "split, whose halves are one repeat,"),
                       "give the study more seeds, or say allow = [\"few-pairs\"]");
    if (!study.detect || !study.assume_sd) continue;
    const std::int64_t needed = pairs_needed(*study.detect / *study.assume_sd);
    if (fewest < needed && fewest > 1)
      problems.warning(
          study.detect_place,
          fmt::format("to tell {} points apart at a spread of {} takes {}, and arms of stage {} have {}", *study.detect,
                      *study.assume_sd, counted(needed, "independent pair"), stage.name, fewest),
          "add splits, replicates or, without those, seeds; look for a larger difference, or say allow = "
          "[\"few-pairs\"]");
  }
}

}  // namespace cambium
