#pragma once

#include <filesystem>

#include "plan/plan.h"
#include "plan/resolver.h"
#include "study/study.h"

namespace cambium {

/// Looks for images that a cell is tested on and that it, or what it starts from, was trained on. Many (rule
/// test-images) are an error, since the test then tells what was learned by heart; few, or such as look alike (rule
/// shared-images), or those that a data set shares with itself, a warning. Data sets of more than kMostImages images
/// are not looked through. Images that cannot be read are an error. An init that says `disjoint` wants no training
/// image in common either.
void check_shared_images(const Study& study, const Plan& plan, Resolver& resolver,
                         const std::filesystem::path& data_root, Problems& problems);

inline constexpr std::int64_t kMostImages = 200'000;

}  // namespace cambium
