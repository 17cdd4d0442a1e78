#pragma once

#include <cstdint>
#include <string>

#include "store/store.h"

namespace cambium {

/// How many there are: "8", "6 of 8" where some are missing, "24 in 4" where they come to fewer independent repeats.
std::string counts(std::int64_t n, std::int64_t missing, std::int64_t repeats);

/// What "in" means, below a table that has it.
inline constexpr const char* kGrouped =
    "in: seeds are averaged within a replicate, and halves within their split; the interval counts what is left\n";

/// What was chosen among how many points of each arm, by what, and what could not be chosen yet; of one stage, or of
/// all where `stage` is empty. Nothing where nothing is chosen.
std::string choices_text(const Store& store, const std::string& study, const std::string& stage);

}  // namespace cambium
