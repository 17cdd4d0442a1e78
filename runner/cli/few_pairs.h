#pragma once

#include "plan/plan.h"
#include "study/study.h"

namespace cambium {

/// Rule few-pairs: warns where the arms of a stage that nothing else starts from have one cell, so that there is no
/// interval, or fewer than it takes to tell the difference that the study looks for (`detect`) at the spread that it
/// assumes (`assume_sd`).
void check_pairs(const Study& study, const Plan& plan, Problems& problems);

}  // namespace cambium
