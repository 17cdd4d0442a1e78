#pragma once

#include <string>

#include "store/store.h"

namespace cambium {

/// The one cell whose identity begins with `prefix`. Throws Error{Usage} for none, for several, and for what is no
/// beginning of an identity.
std::string find_cell(const Store& store, const std::string& prefix);

}  // namespace cambium
