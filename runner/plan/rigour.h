#pragma once

#include "plan/plan.h"
#include "study/study.h"

namespace cambium {

/// Warns of choices that make a comparison less than it seems. A stage that takes one on knowingly says so with
/// `allow = ["rule"]`; rigour_rules() has the names.
///
///     finetune-rate   transferred layers learn at a rate that is not 10 to 100 times below that of the arm from
///     scratch unequal-steps   the arms of a stage do not all take as many steps on the same images
///     best-of-n       points of one arm differ in settings of training, and nothing says how one is chosen
void check_rigour(const Study& study, const Plan& plan, Problems& problems);

/// Optimizer steps of a cell's training.
std::int64_t steps(const Cell& cell);

}  // namespace cambium
