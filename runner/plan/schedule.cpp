#include "plan/schedule.h"

namespace cambium {

Schedule one_by_one(const Plan& plan, const std::vector<Work>& work) {
  Schedule schedule;
  schedule.cuts.resize(plan.cells.size());
  for (std::size_t i = 0; i < plan.cells.size(); ++i)
    if (work[i].action == Work::Action::Train) schedule.jobs.push_back({{i}});
  return schedule;
}

}  // namespace cambium
