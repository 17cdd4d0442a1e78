#include "alive.h"

#include <algorithm>
#include <map>
#include <set>

namespace cambium::exported {
namespace {

bool may_cross(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  return value.type && c10::isFloatingType(*value.type) && value.sizes.size() >= 2 &&
         value.sizes[0].symbol() == graph.batch;
}

/// How many parameters are read both before and after each place.
std::vector<std::int64_t> shared_parameters(const Graph& graph) {
  std::map<ValueId, std::pair<std::size_t, std::size_t>> places;  // the first that reads it, and the last
  for (std::size_t p = 0; p < graph.path.size(); ++p) {
    std::vector<ValueId> kept = graph.parameters_of(graph.path[p]);
    // Running statistics are a layer's own, as parameters are.
    if (graph.operations[graph.path[p]].name == "batch_norm")
      for (const ValueId id : graph.taken_by(graph.path[p]))
        if (graph.stored.count(id)) kept.push_back(id);
    for (const ValueId id : kept) {
      const auto [at, fresh] = places.try_emplace(id, p, p);
      at->second.second = p;
    }
  }
  std::vector<std::int64_t> count(graph.path.size() + 1, 0);
  for (const auto& [id, range] : places) {
    ++count[range.first];
    --count[range.second];
  }
  for (std::size_t p = 1; p < count.size(); ++p) count[p] += count[p - 1];
  return count;
}

}  // namespace

void find_alive(Graph& graph) {
  const std::size_t places = graph.path.size();
  std::map<ValueId, std::size_t> last;  // where each tensor that hangs on the images is read last
  const auto hangs = [&](ValueId id) {
    const std::size_t giver = graph.givers[std::size_t(id)];
    return id == graph.program.image || (giver != Graph::kNowhere && graph.ranks[giver] == Graph::Rank::Images);
  };
  for (std::size_t p = 0; p < places; ++p)
    for (const ValueId id : graph.taken_by(graph.path[p]))
      if (hangs(id)) last[id] = p;
  last[graph.program.output] = places;
  std::vector<std::vector<ValueId>> end(places + 1);
  for (const auto& [id, place] : last) end[place].push_back(id);
  const auto shared = shared_parameters(graph);
  std::set<ValueId> alive;
  if (last.count(graph.program.image)) alive.insert(graph.program.image);
  graph.cuts.assign(places, kNone);
  for (std::size_t p = 0; p < places; ++p) {
    for (const Output& output : graph.operations[graph.path[p]].outputs)
      for (const ValueId id : output.values)
        if (id != kNone && last.count(id)) alive.insert(id);
    for (const ValueId id : end[p]) alive.erase(id);
    if (alive.size() == 1 && shared[p] == 0 && may_cross(graph, *alive.begin())) graph.cuts[p] = *alive.begin();
  }
}

}  // namespace cambium::exported
