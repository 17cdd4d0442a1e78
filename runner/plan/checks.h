#pragma once

#include "plan/parts.h"

namespace cambium {

/// Where a part sets `key`, or the part.
Place place_of(const BuiltPart& built, const std::string& key);

/// Whether a data part's normalisation fits the channels, and there is something to test on.
void check_data(const BuiltPart& data, const DatasetFacts& facts, Problems& problems);

/// "1 channel", "3 channels".
std::string channels_text(std::int64_t channels);

/// Whether a network with a head of its own has anything to tell apart.
void check_classes(const BuiltPart& data, const DatasetFacts& facts, const NetworkInfo& network, Problems& problems);

/// What must hold of a cell by itself: the head that it takes over, made for `classes` (none: not known), goes with its
/// data, and its steps have as many images as its norms need. Notes how the head's classes match.
void check_cell(Cell& cell, const std::vector<std::string>& classes, const std::string& stage, Problems& problems);

/// Whether every class that is kept has images to train on; `facts`: as selected.
void check_trained_classes(const BuiltPart& data, const DatasetFacts& facts, Problems& problems);

/// Whether a cell can take over `source`'s layers: the same where the plan takes them, and what else goes with them.
/// `place`: the stage's init, `stage`: its name.
void check_transfer(const Cell& source, const Cell& target, const std::string& stage, const Place& place,
                    Problems& problems);

/// Whether a cell normalises as what it starts from did.
void check_normalisation(const Cell& source, const Cell& target, const std::string& stage, Problems& problems);

/// Whether two cells have no image in common: of one data set, no class.
void check_disjoint(const Cell& source, const Cell& target, const std::string& stage, const Place& place,
                    Problems& problems);

}  // namespace cambium
