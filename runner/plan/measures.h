#pragma once

#include "plan/plan.h"
#include "study/study.h"

namespace cambium {

/// Gives each cell the measures that its stages ask for, each once, and keeps its weights for them. A measure that
/// needs a source is left out where a cell has none; that no cell of the stage has one, a layer that a network lacks,
/// and test images that are not there are errors at the measure's place.
void attach_measures(const Study& study, Plan& plan, Problems& problems);

}  // namespace cambium
