#pragma once

#include <filesystem>
#include <optional>

#include "plan/plan.h"
#include "plan/resolver.h"
#include "study/study.h"

namespace cambium {

/// Compiles a study: expands its grids, checks every value against the plugins' schemas, opens the data, builds the
/// networks' facts, merges equal cells. Nothing if `problems` then has an error.
std::optional<Plan> compile(const Study& study, Resolver& resolver, const std::filesystem::path& data_root,
                            Problems& problems);

}  // namespace cambium
