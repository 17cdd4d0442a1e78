#pragma once

#include <cstdint>
#include <vector>

#include "cambium/backbone.h"
#include "cambium/strategy.h"

namespace cambium {

/// A source's tensors with the outputs of its head in the order of `rows`, and those left out that are not among them;
/// as they are where `rows` is empty. Throws Error{Data} where the head has fewer outputs.
TensorMap with_head_rows(const Backbone& backbone, TensorMap source, const std::vector<std::int64_t>& rows);

}  // namespace cambium
