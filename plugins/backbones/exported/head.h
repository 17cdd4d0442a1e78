#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cambium/module.h"
#include "graph.h"

namespace cambium::exported {

/// The part of a network that gives the classes: from a cut on, dropout, one Linear or 1x1 convolution, and what has no
/// parameters.
struct Head {
  std::string name;       ///< of its module, "head.fc"
  std::size_t from = 0;   ///< place of the graph's path where it begins
  std::size_t at = 0;     ///< place of the product
  ValueId input = kNone;  ///< what the backbone gives
  ValueId weight = kNone, bias = kNone;
};

/// The head of a network, or nothing where what comes last has no classes: then it gives features. Throws Error{Plugin}
/// naming both where there are two.
std::optional<Head> find_head(const Graph& graph);

/// A new head of that kind: a Linear alone is an nn::Linear, with dropout before it both, others run the graph.
std::unique_ptr<Module> make_head(std::shared_ptr<const Graph> graph, const Head& head, std::int64_t classes);

}  // namespace cambium::exported
