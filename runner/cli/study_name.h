#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"
#include "store/store.h"

namespace cambium {

/// Whether a study's cells may be entered under its name, and what there is to say about that.
struct NameUse {
  bool keep = false;   ///< they are some of those that the name stands for already, which stays as it is
  std::string notice;  ///< empty: nothing
};

/// Looks at what the database has under the plan's name. `sets`: the --set options of the plan; `replace`: the user
/// wants what is there replaced. Throws Error{Usage} where another study would be replaced.
NameUse use_of_name(const Store& store, const Plan& plan, const std::vector<std::string>& sets, bool replace);

}  // namespace cambium
