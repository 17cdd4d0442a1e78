#pragma once

#include "graph.h"

namespace cambium::exported {

/// Fills graph.cuts: the places where one tensor alone crosses, [batch, ...] of numbers that carry gradients, and no
/// parameter is read on both sides.
void find_alive(Graph& graph);

}  // namespace cambium::exported
