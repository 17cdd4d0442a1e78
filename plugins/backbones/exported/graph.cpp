#include "graph.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "alive.h"
#include "cambium/error.h"
#include "operations.h"

namespace cambium::exported {
namespace {

using Rank = Graph::Rank;

[[noreturn]] void fail(const std::string& what, const std::string& hint) { throw Error(ErrorKind::Plugin, what, hint); }

/// Sets of values that may share memory.
class Shared {
 public:
  explicit Shared(std::size_t values) : parent_(values) { std::iota(parent_.begin(), parent_.end(), ValueId(0)); }
  ValueId of(ValueId value) {
    while (parent_[std::size_t(value)] != value)
      value = parent_[std::size_t(value)] = parent_[std::size_t(parent_[std::size_t(value)])];
    return value;
  }
  void join(ValueId a, ValueId b) { parent_[std::size_t(of(a))] = of(b); }

 private:
  std::vector<ValueId> parent_;
};

template <class F>
void each_value(const BoundArgument& argument, F f) {
  if (argument.value != kNone) f(argument.value);
  for (const auto& item : argument.items)
    if (item.value != kNone) f(item.value);
}

template <class F>
void each_given(const Operation& operation, F f) {
  for (const Output& output : operation.outputs)
    for (const ValueId value : output.values)
      if (value != kNone) f(value);
}

class Maker {
 public:
  Maker(ExportedProgram archive, const ImageShape& image) : archive_(std::move(archive)), image_(image) {}

  Graph make() {
    graph_.program = parse_program(archive_.graph);
    archive_.graph.clear();
    bind_image();
    bind_stored();
    bind_operations();
    shared_.emplace_back(graph_.program.values.size());
    find_shared();
    drop_dead();
    rank();
    refuse_writes();
    find_alive(graph_);
    return std::move(graph_);
  }

 private:
  std::string extents(const std::vector<Extent>& sizes) const {
    std::vector<std::string> text;
    for (std::size_t i = 1; i < sizes.size(); ++i)
      text.push_back(sizes[i].is_number() ? std::to_string(sizes[i].number()) : "any");
    return fmt::format("{}", fmt::join(text, "x"));
  }

  void bind_image() {
    const Value& image = graph_.value(graph_.program.image);
    if (image.sizes.size() != 4)
      fail(fmt::format("the network takes a tensor of {} dimensions", image.sizes.size()),
           "backbones take images [N, channels, height, width]");
    if (image.type != c10::ScalarType::Float)
      fail("the network takes images that are not float32", "export it in float32");
    graph_.batch = image.sizes[0].symbol();
    if (graph_.batch.empty())
      fail("the network was exported for batches of one size",
           "export it with a dynamic batch: torch.export.export(network, (images,), dynamic_shapes=({0: "
           "torch.export.Dim(\"batch\")},)), with two images or more; scripts/export_network.py does so");
    const std::int64_t ours[] = {image_.channels, image_.height, image_.width};
    const auto text = [&] { return fmt::format("{}x{}x{}", image_.channels, image_.height, image_.width); };
    for (std::size_t i = 1; i < 4; ++i) {
      if (const std::string symbol = image.sizes[i].symbol(); !symbol.empty()) {
        graph_.symbols[symbol] = ours[i - 1];
        continue;
      }
      if (image.sizes[i].is_number() && image.sizes[i].number() == ours[i - 1]) continue;
      const std::string theirs = extents(image.sizes);
      if (i == 1)
        fail(fmt::format("the network was exported for images of {}, and those of this data are {}", theirs, text()),
             fmt::format("set channels = {} in the stage's data", extents({{}, image.sizes[1]})));
      fail(fmt::format("the network was exported for images of {}, and those of this data are {}", theirs, text()),
           "resize and crop the data to that (data.resize, data.center_crop), or export the network for images of this "
           "size");
    }
  }

  void bind_stored() {
    for (const StoredInput& stored : graph_.program.stored) {
      const bool weight = stored.kind == StoredInput::Kind::Parameter ||
                          (stored.kind == StoredInput::Kind::Buffer && stored.persistent);
      auto& from = weight ? archive_.weights : archive_.constants;
      const auto found = from.find(stored.name);
      if (found == from.end())
        fail(fmt::format("the graph reads a tensor {}, which the archive does not have", stored.name),
             "the file is damaged; export it again");
      const Value& value = graph_.value(stored.value);
      const auto sizes = found->second.sizes();
      bool fits = !value.type || *value.type == found->second.scalar_type();
      fits = fits && (!value.type || value.sizes.size() == sizes.size());
      for (std::size_t i = 0; fits && value.type && i < sizes.size(); ++i)
        fits = value.sizes[i].is_number() && value.sizes[i].number() == sizes[i];
      if (!fits)
        fail(fmt::format("the graph has {} in another shape or type than the archive", stored.name),
             "the file is damaged; export it again");
      if (stored.kind == StoredInput::Kind::Parameter && !found->second.is_floating_point())
        fail(fmt::format("the parameter {} is of whole numbers", stored.name), "export a network of float32");
      if (weight)
        graph_.stored[stored.value] = &stored;
      else
        graph_.fixed[stored.value] = found->second;
    }
    graph_.weights = std::move(archive_.weights);
  }

  /// Sizes are expressions, not operations; checks are of no use here.
  void bind_operations() {
    std::string module;
    for (const Node& node : graph_.program.nodes) {
      if (node.placed) module = node.module;
      if (is_check(aten_name(node.target))) continue;
      const bool numbers = std::all_of(node.outputs.begin(), node.outputs.end(), [&](const Output& output) {
        return output.values.size() == 1 && output.values[0] != kNone && graph_.value(output.values[0]).is_number;
      });
      if (numbers && !node.outputs.empty()) continue;
      graph_.operations.push_back(bind(graph_.program, node));
      graph_.modules.push_back(module);
      refuse_train_mode(graph_.operations.back());
    }
    graph_.program.nodes.clear();
  }

  static void refuse_train_mode(const Operation& operation) {
    const auto is_on = [&](const char* name) {
      const int at = operation.find(name);
      return at >= 0 && operation.arguments[std::size_t(at)].constant.isBool() &&
             operation.arguments[std::size_t(at)].constant.toBool();
    };
    const bool norm = operation.name == "batch_norm" && is_on("training") &&
                      operation.argument("running_mean").kind == BoundArgument::Kind::Tensor;
    const bool dropout = is_dropout(operation.name) && is_on("train") && operation.argument("p").constant.isDouble() &&
                         operation.argument("p").constant.toDouble() > 0;
    if (norm || dropout)
      fail("the network was exported in train mode: " + operation.where,
           "call network.eval() before torch.export.export; norms and dropout still follow the study's phases. What "
           "train "
           "mode alone has, as random depth, could not be switched off");
  }

  void find_shared() {
    for (const Operation& operation : graph_.operations)
      for (const BoundArgument& argument : operation.arguments)
        if (argument.aliased)
          each_value(argument, [&](ValueId taken) {
            each_given(operation, [&](ValueId given) { shared().join(taken, given); });
          });
  }
  Shared& shared() { return shared_.front(); }

  static bool writes(const Operation& operation) {
    return operation.name != "detach_" && std::any_of(operation.arguments.begin(), operation.arguments.end(),
                                                      [](const BoundArgument& argument) { return argument.written; });
  }

  /// What nobody reads is not computed.
  void drop_dead() {
    std::vector<bool> read(graph_.program.values.size(), false), group(graph_.program.values.size(), false);
    const auto need = [&](ValueId value) {
      read[std::size_t(value)] = true;
      group[std::size_t(shared().of(value))] = true;
    };
    need(graph_.program.output);
    std::vector<bool> alive(graph_.operations.size(), false);
    for (std::size_t i = graph_.operations.size(); i-- > 0;) {
      const Operation& operation = graph_.operations[i];
      bool needed = false;
      each_given(operation, [&](ValueId value) { needed = needed || read[std::size_t(value)]; });
      if (writes(operation))
        for (const BoundArgument& argument : operation.arguments)
          if (argument.written)
            each_value(argument, [&](ValueId value) { needed = needed || group[std::size_t(shared().of(value))]; });
      if (!needed) continue;
      alive[i] = true;
      for (const BoundArgument& argument : operation.arguments)
        each_value(argument, [&](ValueId value) { need(value); });
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < alive.size(); ++i) {
      if (!alive[i]) continue;
      if (kept != i) {
        graph_.operations[kept] = std::move(graph_.operations[i]);
        graph_.modules[kept] = std::move(graph_.modules[i]);
      }
      ++kept;
    }
    graph_.operations.resize(kept);
    graph_.modules.resize(kept);
    graph_.givers.assign(graph_.program.values.size(), Graph::kNowhere);
    for (std::size_t i = 0; i < kept; ++i)
      each_given(graph_.operations[i], [&](ValueId value) { graph_.givers[std::size_t(value)] = i; });
  }

  /// A number that changes with the batch.
  bool is_open(const Value& number) const {
    if (number.number.is_number()) return false;
    std::map<std::string, std::int64_t> symbols = graph_.symbols;
    symbols[graph_.batch] = 2;
    const std::int64_t two = number.number.value(symbols);
    symbols[graph_.batch] = 3;
    return number.number.value(symbols) != two;
  }

  /// To the fixed point: what writes over memory makes all that shares it hang on what it hangs on.
  void rank() {
    std::vector<Rank> values(graph_.program.values.size(), Rank::Fixed);
    for (const auto& [value, stored] : graph_.stored) values[std::size_t(value)] = Rank::Local;
    values[std::size_t(graph_.program.image)] = Rank::Images;
    std::vector<Rank> written(graph_.program.values.size(), Rank::Fixed);  // by group
    graph_.ranks.assign(graph_.operations.size(), Rank::Fixed);
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < graph_.operations.size(); ++i) {
        const Operation& operation = graph_.operations[i];
        Rank rank = graph_.ranks[i];
        const auto take = [&](ValueId value) {
          const Value& taken = graph_.value(value);
          rank = std::max(rank,
                          taken.is_number ? (is_open(taken) ? Rank::Local : Rank::Fixed) : values[std::size_t(value)]);
        };
        for (const BoundArgument& argument : operation.arguments) each_value(argument, take);
        each_given(operation, [&](ValueId value) { rank = std::max(rank, written[std::size_t(shared().of(value))]); });
        if (rank != graph_.ranks[i]) changed = true;
        graph_.ranks[i] = rank;
        each_given(operation, [&](ValueId value) { values[std::size_t(value)] = rank; });
        if (!writes(operation)) continue;
        for (const BoundArgument& argument : operation.arguments)
          if (argument.written)
            each_value(argument, [&](ValueId value) {
              Rank& group = written[std::size_t(shared().of(value))];
              if (rank > group) changed = true;
              group = std::max(group, rank);
            });
      }
    }
    for (std::size_t i = 0; i < graph_.operations.size(); ++i)
      if (graph_.ranks[i] == Rank::Images) graph_.path.push_back(i);
    if (graph_.path.empty() || values[std::size_t(graph_.program.output)] != Rank::Images)
      fail("what the network gives does not hang on the images", "export a module whose forward takes the images");
  }

  void refuse_writes() {
    std::set<ValueId> kept;
    for (const auto& [value, stored] : graph_.stored) kept.insert(shared().of(value));
    for (const auto& [value, tensor] : graph_.fixed) kept.insert(shared().of(value));
    for (std::size_t i = 0; i < graph_.operations.size(); ++i)
      for (const BoundArgument& argument : graph_.operations[i].arguments)
        each_value(argument, [&](ValueId value) { reads_[shared().of(value)].emplace_back(i, value); });
    reads_[shared().of(graph_.program.output)].emplace_back(graph_.operations.size(), graph_.program.output);
    graph_.read_later.assign(graph_.operations.size(), false);
    for (std::size_t i = 0; i < graph_.operations.size(); ++i) {
      if (!writes(graph_.operations[i])) continue;
      for (const BoundArgument& argument : graph_.operations[i].arguments) {
        if (!argument.written) continue;
        each_value(argument, [&](ValueId value) {
          if (kept.count(shared().of(value)))
            fail("the network writes over one of its own tensors: " + graph_.operations[i].where,
                 "export a network that keeps its parameters and buffers as they are when it runs");
        });
      }
      graph_.read_later[i] = reads_other_names(i);
    }
  }

  /// Whether a value that shares memory with what operation `i` writes over, and is not what it gives, is read later.
  bool reads_other_names(std::size_t i) {
    std::set<ValueId> groups, own;
    for (const BoundArgument& argument : graph_.operations[i].arguments)
      if (argument.written) each_value(argument, [&](ValueId value) { groups.insert(shared().of(value)); });
    each_given(graph_.operations[i], [&](ValueId value) { own.insert(value); });
    for (const ValueId group : groups)
      for (const auto& [reader, value] : reads_[group]) {
        const auto giver = graph_.givers[std::size_t(value)];
        if (reader > i && (giver == Graph::kNowhere || giver < i) && own.count(value) == 0) return true;
      }
    return false;
  }

  ExportedProgram archive_;
  const ImageShape& image_;
  Graph graph_;
  std::map<ValueId, std::vector<std::pair<std::size_t, ValueId>>> reads_;  ///< by group: operation and value
  std::vector<Shared> shared_;                                             ///< one, once the values are known
};

}  // namespace

std::vector<ValueId> Graph::taken_by(std::size_t operation) const {
  std::vector<ValueId> values;
  for (const BoundArgument& argument : operations[operation].arguments)
    each_value(argument, [&](ValueId id) {
      if (!value(id).is_number) values.push_back(id);
    });
  return values;
}

bool Graph::is_parameter(ValueId id) const {
  const auto found = stored.find(id);
  return found != stored.end() && found->second->kind == StoredInput::Kind::Parameter;
}

std::vector<ValueId> Graph::parameters_of(std::size_t operation) const {
  std::set<ValueId> found;
  std::set<std::size_t> seen;
  std::vector<std::size_t> open = {operation};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    for (const ValueId id : taken_by(at)) {
      if (is_parameter(id)) found.insert(id);
      const std::size_t giver = givers[std::size_t(id)];
      if (giver != kNowhere && ranks[giver] == Rank::Local && seen.insert(giver).second) open.push_back(giver);
    }
  }
  return {found.begin(), found.end()};
}

Graph make_graph(ExportedProgram archive, const ImageShape& image) { return Maker(std::move(archive), image).make(); }

}  // namespace cambium::exported
