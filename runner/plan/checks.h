#pragma once

#include "plan/parts.h"

namespace cambium {

/// Whether the selection that a data part asks for can be had from the data, and its normalisation fits the channels.
void check_data(const BuiltPart& data, const DatasetFacts& facts, Problems& problems);

/// Whether a cell can take over `source`'s layers: same layers where the plan takes them, same normalisation.
/// `place`: the stage's init, `stage`: its name.
void check_transfer(const Cell& source, const Cell& target, const std::string& stage, const Place& place,
                    Problems& problems);

}  // namespace cambium
