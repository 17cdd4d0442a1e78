#pragma once

#include "plan/plan.h"
#include "study/study.h"

namespace cambium {

/// Enters into `plan` which stages choose one point of each arm (Plan::choices), and what the points of one arm have in
/// common (Entry::contest, Entry::common). A key to choose over that is no axis, and cells without validation images to
/// choose by, are errors.
void attach_choices(const Study& study, Plan& plan, Problems& problems);

/// The rule best-of-n: warns of a stage whose arms have several points that differ in settings of training alone, where
/// nothing says how to choose among them: the best of n by test accuracy is no test of anything.
void check_best_of(const Study& study, const Plan& plan, Problems& problems);

}  // namespace cambium
