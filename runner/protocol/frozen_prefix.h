#pragma once

#include <cstddef>

#include "cambium/transfer_plan.h"

namespace cambium {

/// The leading layers that are frozen in eval mode in every phase: what may be computed once.
std::size_t frozen_prefix(const TransferPlan& plan);

}  // namespace cambium
