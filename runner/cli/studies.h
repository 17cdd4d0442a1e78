#pragma once

#include <string>

#include "store/store.h"

namespace cambium {

/// Throws Error{Usage} if the database knows no study `name`, with the nearest that it does.
void require_study(const Store& store, const std::string& name);

}  // namespace cambium
