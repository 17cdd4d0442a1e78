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
  if (!cell.train->settings.has("lr")) return 0;
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
using Comparable = std::map<std::string, std::vector<const Entry*>>;

Comparable comparable(const Plan& plan, std::size_t stage) {
  Comparable entries;
  for (const Entry& entry : plan.entries)
    if (entry.stage == stage) entries[plan.cells[entry.cell].data->digest].push_back(&entry);
  return entries;
}

/// Arms, each once, with what is to be said of them.
class Arms {
 public:
  void add(const std::string& arm, const std::string& remark) {
    if (told_.insert(arm + remark).second) texts_.push_back(fmt::format("{} ({})", arm, remark));
  }
  bool empty() const { return texts_.empty(); }
  std::string text() const {
    constexpr std::size_t kMost = 8;
    if (texts_.size() <= kMost) return fmt::format("{}", fmt::join(texts_, "; "));
    return fmt::format("{}; and {} more", fmt::join(texts_.begin(), texts_.begin() + kMost, "; "),
                       texts_.size() - kMost);
  }

 private:
  std::set<std::string> told_;
  std::vector<std::string> texts_;
};

void check_rates(const Stage& stage, const Plan& plan, const Comparable& data, Problems& problems) {
  Arms arms;
  std::set<double> rates;
  Place place;
  for (const auto& [digest, entries] : data) {
    std::set<double> scratch;
    for (const Entry* entry : entries)
      if (const Cell& cell = plan.cells[entry->cell]; is_scratch(cell) && cell.train->settings.has("lr"))
        scratch.insert(cell.train->settings.number("lr"));
    for (const Entry* entry : entries) {
      const Cell& cell = plan.cells[entry->cell];
      const double rate = transferred_rate(cell);
      const auto fits = [&](double lr) { return lr / rate >= kLeastRatio * 0.999 && lr / rate <= kMostRatio * 1.001; };
      if (scratch.empty() || rate <= 0 || std::any_of(scratch.begin(), scratch.end(), fits)) continue;
      if (arms.empty()) place = cell.train->place;
      arms.add(entry->arm, fmt::format("{:.3g}", rate));
      rates.insert(scratch.begin(), scratch.end());
    }
  }
  if (arms.empty()) return;
  problems.warning(
      place,
      fmt::format("in stage {}, transferred layers learn at rates that are not 10 to 100 times below the {:.3g} of the "
                  "arm from scratch: {}",
                  stage.name, fmt::join(rates, " or "), arms.text()),
      "usual are rates 10 to 100 times lower, so that what was learned is adapted and not lost; "
      "allow = [\"finetune-rate\"] takes it on knowingly");
}

void check_steps(const Stage& stage, const Plan& plan, const Comparable& data, Problems& problems) {
  Arms arms;
  Place place;
  for (const auto& [digest, entries] : data) {
    std::map<std::string, std::set<std::int64_t>> by_strategy;
    for (const Entry* entry : entries)
      by_strategy[plan.cells[entry->cell].strategy->digest].insert(steps(plan.cells[entry->cell]));
    const Cell& first = plan.cells[entries.front()->cell];
    const auto& usual = by_strategy[first.strategy->digest];
    for (const Entry* entry : entries) {
      const Cell& cell = plan.cells[entry->cell];
      const auto& own = by_strategy[cell.strategy->digest];
      if (own == usual) continue;
      if (arms.empty()) {
        place = cell.train->place;
        arms.add(first.strategy->component.plugin, fmt::format("{} steps", fmt::join(usual, " or ")));
      }
      arms.add(cell.strategy->component.plugin, fmt::format("{} steps", fmt::join(own, " or ")));
    }
  }
  if (arms.empty()) return;
  problems.warning(place,
                   fmt::format("in stage {}, arms do not take the same number of steps on the same images: {}",
                               stage.name, arms.text()),
                   "arms that are compared train equally long; allow = [\"unequal-steps\"] takes it on knowingly");
}

}  // namespace

std::int64_t steps(const Cell& cell) {
  const auto train = cell.dataset->per_class.find("train");
  if (train == cell.dataset->per_class.end()) return 0;
  const auto images = std::accumulate(train->second.begin(), train->second.end(), std::int64_t{0});
  if (!cell.train->settings.has("batch")) return cell.train->settings.integer("epochs");
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
    const Comparable data = comparable(plan, s);
    if (!allowed("finetune-rate")) check_rates(stage, plan, data, problems);
    if (!allowed("unequal-steps")) check_steps(stage, plan, data, problems);
  }
  check_best_of(study, plan, problems);
}

}  // namespace cambium
