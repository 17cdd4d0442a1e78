#pragma once

#include <string>
#include <vector>

#include "study/problem.h"
#include "study/value.h"

namespace cambium {

/// `table` without the keys that `where` ("[study]", "stage base") does not have: each is told, and what is so near to
/// a known key that it can only be meant for it is read as that, so that no other error comes of it.
Value without_misspelt(const Value& table, const std::string& where, const std::vector<std::string>& known,
                       Problems& problems);

}  // namespace cambium
