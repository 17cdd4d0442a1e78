#pragma once

#include "store/database.h"
#include "store/store.h"

namespace cambium {

/// Enters a study's cells, arms and places as they are at `time` (Unix seconds); places that are no more are marked so.
/// Inside a transaction.
void put_study(Database& database, const StudyRecord& study, double time);

std::optional<KnownStudy> known_study(Database& database, const std::string& name);

}  // namespace cambium
