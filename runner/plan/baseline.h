#pragma once

#include "plan/plan.h"
#include "study/study.h"

namespace cambium {

/// The baseline that the study names must be an arm. Where errors keep arms from being known, only what can be none of
/// them is told.
void check_baseline(const Study& study, const Plan& plan, const Description& plugins, Problems& problems);

}  // namespace cambium
