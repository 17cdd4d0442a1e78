#pragma once

#include "plan/plan.h"
#include "store/store.h"

namespace cambium {

/// A plan as the database takes it.
StudyRecord record_of(const Plan& plan);

}  // namespace cambium
