#include "plan/rigour.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "plan/choices.h"

namespace cambium {
namespace {

constexpr double kLeastRatio = 10, kMostRatio = 100;

/// The highest rate at which a layer with source weights learns; 0 where none does.
double transferred_rate(const Cell& cell) {
  const TransferPlan& plan = cell.network->plan;
  const double lr = cell.train->settings.number("lr");
  double rate = 0;
  for (const Phase& phase : plan.phases)
    for (std::size_t l = 0; l < phase.layers.size(); ++l)
      if (plan.weights[l] == Weights::Source && !phase.layers[l].frozen())
        rate = std::max(rate, phase.layers[l].learning_rate.value_or(phase.layers[l].rate * lr));
  return rate;
}

bool is_scratch(const Cell& cell) {
  const TransferPlan& plan = cell.network->plan;
  return !plan.needs_source() && std::none_of(plan.phases.front().layers.begin(), plan.phases.front().layers.end(),
                                              [](const LayerPlan& layer) { return layer.frozen(); });
}

/// The cells of one stage that train on the same data, and so can be compared.
using Comparable = std::map<std::string, std::vector<const Cell*>>;

Comparable comparable(const Plan& plan, std::size_t stage) {
  Comparable cells;
  for (const Entry& entry : plan.entries)
    if (entry.stage == stage) cells[plan.cells[entry.cell].data->digest].push_back(&plan.cells[entry.cell]);
  return cells;
}

void check_rates(const Stage& stage, const std::vector<const Cell*>& cells, Problems& problems) {
  std::set<double> scratch;
  for (const Cell* cell : cells)
    if (is_scratch(*cell)) scratch.insert(cell->train->settings.number("lr"));
  if (scratch.empty()) return;
  for (const Cell* cell : cells) {
    const double rate = transferred_rate(*cell);
    const auto fits = [&](double lr) { return lr / rate >= kLeastRatio * 0.999 && lr / rate <= kMostRatio * 1.001; };
    if (rate <= 0 || std::any_of(scratch.begin(), scratch.end(), fits)) continue;
    problems.warning(
        cell->train->place,
        fmt::format("in stage {}, {} lets transferred layers learn at {:.3g}, and the arm from scratch at {:.3g}",
                    stage.name, cell->strategy->component.plugin, rate, *scratch.rbegin()),
        "usual are rates 10 to 100 times lower, so that what was learned is adapted and not lost; "
        "allow = [\"finetune-rate\"] takes it on knowingly");
  }
}

void check_steps(const Stage& stage, const std::vector<const Cell*>& cells, Problems& problems) {
  std::map<std::string, std::set<std::int64_t>> by_strategy;
  for (const Cell* cell : cells) by_strategy[cell->strategy->digest].insert(steps(*cell));
  for (const Cell* cell : cells) {
    const auto& own = by_strategy[cell->strategy->digest];
    const auto& first = by_strategy[cells.front()->strategy->digest];
    if (own == first) continue;
    problems.warning(cell->train->place,
                     fmt::format("in stage {}, {} takes {} steps and {} takes {} on the same images", stage.name,
                                 cell->strategy->component.plugin, fmt::join(own, " or "),
                                 cells.front()->strategy->component.plugin, fmt::join(first, " or ")),
                     "arms that are compared train equally long; allow = [\"unequal-steps\"] takes it on knowingly");
    return;
  }
}

}  // namespace

std::int64_t steps(const Cell& cell) {
  const auto train = cell.dataset->per_class.find("train");
  if (train == cell.dataset->per_class.end()) return 0;
  const auto images = std::accumulate(train->second.begin(), train->second.end(), std::int64_t{0});
  const auto batch = cell.train->settings.integer("batch");
  // A single image left over joins the batch before.
  const std::int64_t an_epoch =
      batch > 1 && images > batch && images % batch == 1 ? images / batch : (images + batch - 1) / batch;
  return cell.train->settings.integer("epochs") * an_epoch;
}

void check_rigour(const Study& study, const Plan& plan, Problems& problems) {
  for (std::size_t s = 0; s < study.stages.size(); ++s) {
    const Stage& stage = study.stages[s];
    const auto allowed = [&](const char* rule) {
      return std::find(stage.allow.begin(), stage.allow.end(), rule) != stage.allow.end();
    };
    for (const auto& [data, cells] : comparable(plan, s)) {
      if (!allowed("finetune-rate")) check_rates(stage, cells, problems);
      if (!allowed("unequal-steps")) check_steps(stage, cells, problems);
    }
  }
  check_best_of(study, plan, problems);
}

}  // namespace cambium
