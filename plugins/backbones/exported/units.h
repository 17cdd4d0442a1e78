#pragma once

#include <string>
#include <vector>

#include "graph.h"

namespace cambium::exported {

enum class Units { Stage, Block, Module };

/// A layer of an exported network: places [from, to) of its path.
struct Span {
  std::string name;
  std::size_t from = 0, to = 0;
};

/// The first `places` places of the graph's path as layers, named by the modules that they are, each ending at a cut.
///
/// Block: a module is one where something inside of it goes around something else (a skip, branches), or where another
/// of its class does; otherwise its children are looked at. What multiplies nothing (norms, activations, pools) belongs
/// to what is before it. Stage: the blocks of one module together. Module: as fine as there are cuts and names.
std::vector<Span> layers_of(const Graph& graph, Units units, std::size_t places);

}  // namespace cambium::exported
