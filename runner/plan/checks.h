#pragma once

#include <utility>
#include <vector>

#include "plan/parts.h"

namespace cambium {

/// Whether the selection that a data part asks for can be had from the data, and its normalisation fits the channels.
void check_data(const BuiltPart& data, const DatasetFacts& facts, Problems& problems);

/// Whether a cell can take over `source`'s layers: same layers where the plan takes them, same normalisation.
/// `place`: the stage's init, `stage`: its name.
void check_transfer(const Cell& source, const Cell& target, const std::string& stage, const Place& place, Problems& problems);

/// Mean and standard deviation, one a channel, that images are normalised with: the data table's, else the backbone's card,
/// else 0.5 and 0.25.
std::pair<std::vector<double>, std::vector<double>> normalisation(const Params& settings, const InputCard& card, std::int64_t channels);

}  // namespace cambium
