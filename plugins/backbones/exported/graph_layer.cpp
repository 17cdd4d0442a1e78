#include "graph_layer.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "blocks/parameter_start.h"
#include "operations.h"

namespace cambium::exported {
namespace {

/// The operations of a span, and the Local ones that they need, in the graph's order.
std::vector<std::size_t> operations_of(const Graph& graph, const Span& span) {
  std::set<std::size_t> found;
  std::vector<std::size_t> open(graph.path.begin() + std::ptrdiff_t(span.from),
                                graph.path.begin() + std::ptrdiff_t(span.to));
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (!found.insert(at).second) continue;
    for (const ValueId id : graph.taken_by(at)) {
      const std::size_t giver = graph.givers[std::size_t(id)];
      if (giver != Graph::kNowhere && graph.ranks[giver] == Graph::Rank::Local) open.push_back(giver);
    }
  }
  return {found.begin(), found.end()};
}

/// Whether an operation that normalises reads it as its scale or shift, and whether a 2-D convolution does.
struct Readers {
  bool norm = false, convolution = false;
};
Readers readers_of(const Graph& graph, ValueId id) {
  Readers readers;
  for (const Operation& operation : graph.operations)
    for (const char* name : {"weight", "bias"}) {
      const int at = operation.find(name);
      if (at < 0 || operation.arguments[std::size_t(at)].value != id) continue;
      readers.norm = readers.norm || is_norm(operation.name);
      readers.convolution = readers.convolution || operation.name == "conv2d";
    }
  return readers;
}

std::pair<std::string, std::string> split(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::pair{std::string(), name}
                                  : std::pair{name.substr(0, dot), name.substr(dot + 1)};
}

blocks::ParameterStart start_of(const Graph& graph, const std::string& module, bool norm) {
  blocks::ParameterStart start;
  if (const auto found = graph.program.classes.find(module); found != graph.program.classes.end())
    start.of_class = split(found->second).second;
  start.norm = norm;
  if (const auto weight = graph.weights.find(module.empty() ? "weight" : module + ".weight");
      weight != graph.weights.end() && weight->second.dim() > 1)
    start.fan_in = blocks::ParameterStart::fan_in_of(weight->second);
  return start;
}

}  // namespace

GraphLayer::GraphLayer(std::shared_ptr<const Graph> graph, const Span& span, ValueId input, Form from, ValueId output,
                       Form to, GivenTensors& given)
    : graph_(std::move(graph)), from_(from), to_(to) {
  const auto operations = operations_of(*graph_, span);
  // In the order of the state dict.
  std::set<ValueId> read;
  for (const std::size_t operation : operations)
    for (const ValueId id : graph_->taken_by(operation))
      if (graph_->stored.count(id)) read.insert(id);
  for (const ValueId id : read) give(id, given);
  segment_ = std::make_unique<Segment>(*graph_, operations, input, output, [&](ValueId id) { return give(id, given); });
}

at::Tensor GraphLayer::give(ValueId id, GivenTensors& given) {
  if (const auto found = given.find(id); found != given.end()) return found->second;
  const at::NoGradGuard no_grad;
  const std::string& name = graph_->stored.at(id)->name;
  const at::Tensor& value = graph_->weights.at(name);
  const auto [module, last] = split(name);
  at::Tensor own;
  if (graph_->is_parameter(id)) {
    const Readers readers = readers_of(*graph_, id);
    const blocks::ParameterStart start = start_of(*graph_, module, readers.norm);
    own = parameter(name, value.sizes().vec(), start.init(last, value), start.role(last));
    // As the maps are: oneDNN would otherwise lay them out so at every step.
    if (readers.convolution && value.dim() == 4) own.set_data(own.contiguous(at::MemoryFormat::ChannelsLast));
    own.copy_(value);
  } else {
    const bool statistic = last == "running_mean" || last == "running_var" || last == "num_batches_tracked";
    own =
        statistic ? buffer(name, value.sizes().vec(), last == "running_var", value.scalar_type()) : buffer(name, value);
    own.copy_(value);
  }
  names_.insert(name);
  return given[id] = own;
}

at::Tensor GraphLayer::forward(const at::Tensor& x) {
  return to_form(to_, segment_->run(from_form(from_, x), {training(), statistics()}));
}

}  // namespace cambium::exported
