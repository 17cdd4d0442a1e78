#include "head.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cambium/error.h"
#include "cambium/nn.h"
#include "form.h"
#include "operations.h"
#include "segment.h"

namespace cambium::exported {
namespace {

bool is_place_of(const Graph& graph, std::size_t operation) {
  return operation != Graph::kNowhere && graph.ranks[operation] == Graph::Rank::Images;
}

/// The operations with parameters that the output is made of by others without: going back from it.
std::set<std::size_t> last_with_parameters(const Graph& graph) {
  std::set<std::size_t> found, seen;
  std::vector<std::size_t> open = {graph.givers[std::size_t(graph.program.output)]};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (!is_place_of(graph, at) || !seen.insert(at).second) continue;
    if (!graph.parameters_of(at).empty()) {
      found.insert(at);
      continue;
    }
    for (const ValueId id : graph.taken_by(at)) open.push_back(graph.givers[std::size_t(id)]);
  }
  return found;
}

bool is_before(const Graph& graph, std::size_t first, std::size_t second) {
  std::set<std::size_t> seen;
  std::vector<std::size_t> open = {second};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (at == first) return true;
    if (!is_place_of(graph, at) || at < first || !seen.insert(at).second) continue;
    for (const ValueId id : graph.taken_by(at)) open.push_back(graph.givers[std::size_t(id)]);
  }
  return false;
}

ValueId value_of(const Operation& operation, const char* name) {
  const int at = operation.find(name);
  return at < 0 ? kNone : operation.arguments[std::size_t(at)].value;
}

/// Whether an operation is a Linear or a 1x1 convolution with a weight of the state dict.
bool is_classifier(const Graph& graph, std::size_t at) {
  const Operation& operation = graph.operations[at];
  if (operation.name != "linear" && operation.name != "conv2d") return false;
  const ValueId weight = value_of(operation, "weight"), bias = value_of(operation, "bias");
  if (!graph.is_parameter(weight) || (bias != kNone && !graph.is_parameter(bias))) return false;
  const std::string& name = graph.stored.at(weight)->name;
  if (!name.ends_with(".weight")) return false;
  if (bias != kNone && graph.stored.at(bias)->name != name.substr(0, name.size() - 6) + "bias") return false;
  const at::Tensor& tensor = graph.weights.at(name);
  return operation.name == "linear" ? tensor.dim() == 2
                                    : tensor.dim() == 4 && tensor.size(2) == 1 && tensor.size(3) == 1;
}

std::int64_t classes_of(const Graph& graph, std::size_t at) {
  return graph.weights.at(graph.stored.at(value_of(graph.operations[at], "weight"))->name).size(0);
}

std::string name_of(const Graph& graph, std::size_t at) {
  const std::string& weight = graph.stored.at(value_of(graph.operations[at], "weight"))->name;
  return weight.substr(0, weight.size() - 7);
}

bool drops(const Operation& operation) {
  return is_dropout(operation.name) && operation.argument("p").constant.isDouble() &&
         operation.argument("p").constant.toDouble() > 0;
}

/// A head that runs the graph's own operations with weights of its own.
class GraphHead : public Module {
 public:
  GraphHead(std::shared_ptr<const Graph> graph, const Head& head, std::int64_t classes) : graph_(std::move(graph)) {
    const at::Tensor& theirs = graph_->weights.at(graph_->stored.at(head.weight)->name);
    std::vector<std::int64_t> shape = theirs.sizes().vec();
    shape[0] = classes;
    const std::int64_t fan_in = theirs.numel() / std::max<std::int64_t>(theirs.size(0), 1);
    const at::Tensor weight = parameter("weight", shape, Init::fan_in_uniform(fan_in));
    at::Tensor bias;
    if (head.bias != kNone) bias = parameter("bias", {classes}, Init::fan_in_uniform(fan_in), Role::Bias);
    form_ = form_of(*graph_, head.from, head.input, true);
    const std::vector<std::size_t> operations(graph_->path.begin() + std::ptrdiff_t(head.from), graph_->path.end());
    segment_ = std::make_unique<Segment>(*graph_, operations, head.input, graph_->program.output,
                                         [&](ValueId id) { return id == head.weight ? weight : bias; });
  }
  at::Tensor forward(const at::Tensor& x) override {
    return segment_->run(from_form(form_, x), {training(), statistics()});
  }

 private:
  std::shared_ptr<const Graph> graph_;
  Form form_ = Form::AsIs;
  std::unique_ptr<Segment> segment_;
};

}  // namespace

std::optional<Head> find_head(const Graph& graph) {
  const auto last = last_with_parameters(graph);
  std::vector<std::size_t> classifiers;
  for (const std::size_t at : last)
    if (is_classifier(graph, at)) classifiers.push_back(at);
  for (std::size_t i = 0; i < classifiers.size(); ++i)
    for (std::size_t j = i + 1; j < classifiers.size(); ++j)
      if (classes_of(graph, classifiers[i]) == classes_of(graph, classifiers[j]) &&
          !is_before(graph, classifiers[i], classifiers[j]))
        throw Error(ErrorKind::Plugin,
                    fmt::format("the network has two heads, {} and {}", name_of(graph, classifiers[i]),
                                name_of(graph, classifiers[j])),
                    "as distilled networks have: export it with one, or without a head");
  if (last.size() != 1 || classifiers.size() != 1) return std::nullopt;
  Head head;
  const std::size_t operation = classifiers[0];
  head.at = std::size_t(std::lower_bound(graph.path.begin(), graph.path.end(), operation) - graph.path.begin());
  head.name = name_of(graph, operation);
  head.weight = value_of(graph.operations[operation], "weight");
  head.bias = value_of(graph.operations[operation], "bias");
  // Dropout before the classifier belongs to it, as in networks that are built in.
  std::size_t from = head.at;
  while (from > 1 && drops(graph.operations[graph.path[from - 1]]) && graph.cuts[from - 2] != kNone) --from;
  while (from > 0 && graph.cuts[from - 1] == kNone) {
    --from;
    if (!graph.parameters_of(graph.path[from]).empty()) return std::nullopt;
  }
  if (from == 0) return std::nullopt;
  head.from = from;
  head.input = graph.cuts[from - 1];
  return head;
}

std::unique_ptr<Module> make_head(std::shared_ptr<const Graph> graph, const Head& head, std::int64_t classes) {
  const auto& path = graph->path;
  const auto dimensions = graph->value(head.input).sizes.size();
  double dropout = 0;
  bool plain = graph->operations[path[head.at]].name == "linear" && dimensions == 2;
  for (std::size_t p = head.from; p < path.size(); ++p) {
    const Operation& operation = graph->operations[path[p]];
    if (drops(operation) && operation.name == "dropout" && p < head.at && dropout == 0)
      dropout = operation.argument("p").constant.toDouble();
    else if (p != head.at && !(is_dropout(operation.name) && !drops(operation)))
      plain = false;
  }
  if (!plain) return std::make_unique<GraphHead>(graph, head, classes);
  const std::int64_t width = graph->weights.at(graph->stored.at(head.weight)->name).size(1);
  if (dropout == 0) return std::make_unique<nn::Linear>(width, classes, head.bias != kNone);
  auto both = std::make_unique<nn::Sequential>();
  both->add<nn::Dropout>("dropout", dropout);
  both->add<nn::Linear>("", width, classes, head.bias != kNone);
  return both;
}

}  // namespace cambium::exported
