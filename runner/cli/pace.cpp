#include "cli/pace.h"

#include <algorithm>

#include "plan/cost.h"

namespace cambium {

Pace::Pace(const Plan& plan, const std::vector<Work>& work) : costs_(plan.cells.size()) {
  for (std::size_t i = 0; i < costs_.size(); ++i) {
    if (work[i].action != Work::Action::Train) continue;
    const Cell& cell = plan.cells[i];
    costs_[i].epochs = std::max(1.0, static_cast<double>(cell.train->settings.integer("epochs")));
    const cambium::Cost cost = cost_of(cell);
    costs_[i].whole = cost.prefix + cost.rest + 1;
    whole_ += costs_[i].whole;
  }
}

void Pace::epoch(std::size_t cell, std::int64_t epoch) {
  Cost& cost = costs_[cell];
  advance(cost, cost.whole * std::min(1.0, static_cast<double>(epoch) / cost.epochs));
}

void Pace::ended(std::size_t cell) { advance(costs_[cell], costs_[cell].whole); }

double Pace::left(double seconds_so_far) const {
  return done_ > 0 ? seconds_so_far * std::max(0.0, whole_ - done_) / done_ : -1;
}

void Pace::advance(Cost& cost, double done) {
  if (done <= cost.done) return;
  done_ += done - cost.done;
  cost.done = done;
}

}  // namespace cambium
