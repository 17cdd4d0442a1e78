#pragma once

#include "plan/plan.h"

namespace cambium {

/// Fills in a cell's identity and group. `source`: the cell it starts from, or null; `paired`: whether the source goes
/// with the seed, so that it differs within an arm too.
void identify(Cell& cell, const Cell* source, bool paired);

}  // namespace cambium
