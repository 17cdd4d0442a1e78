#include "program.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "cambium/error.h"

namespace cambium::exported {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostNodes = 20'000, kMostValues = 80'000, kMostItems = 10'000;
constexpr int kMostNesting = 64;
constexpr const char* kDamaged = "the file is damaged; export it again";

[[noreturn]] void fail(const std::string& what, const std::string& hint = kDamaged) {
  throw Error(ErrorKind::Data, what, hint);
}

/// torch._export.serde.schema.ScalarType.
std::optional<c10::ScalarType> scalar_type(std::int64_t number) {
  using c10::ScalarType;
  switch (number) {
    case 1:
      return ScalarType::Byte;
    case 2:
      return ScalarType::Char;
    case 3:
      return ScalarType::Short;
    case 4:
      return ScalarType::Int;
    case 5:
      return ScalarType::Long;
    case 6:
      return ScalarType::Half;
    case 7:
      return ScalarType::Float;
    case 8:
      return ScalarType::Double;
    case 12:
      return ScalarType::Bool;
    case 13:
      return ScalarType::BFloat16;
    default:
      return std::nullopt;
  }
}

c10::ScalarType must_be_read(const std::string& who, std::int64_t number) {
  if (const auto type = scalar_type(number)) return *type;
  fail(fmt::format("{} is of {}, which is not read", who,
                   number >= 9 && number <= 11 ? "complex numbers"
                                               : fmt::format("a type of number ({} of the export schema)", number)),
       "quantised and complex networks cannot be taken; export one of float32");
}

c10::MemoryFormat memory_format(std::int64_t number) {
  switch (number) {
    case 1:
      return c10::MemoryFormat::Contiguous;
    case 2:
      return c10::MemoryFormat::ChannelsLast;
    case 4:
      return c10::MemoryFormat::Preserve;
    default:
      fail(fmt::format("the graph names a memory format {}", number));
  }
}

double number_of(const Json& json) {
  if (!json.is_string()) return json.get<double>();
  const auto text = json.get<std::string>();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  fail("the graph has \"" + text.substr(0, 40) + "\" for a number");
}

/// The one member of what the schema calls a union.
std::pair<std::string, const Json*> only(const Json& json) {
  if (!json.is_object() || json.size() != 1)
    fail("the graph has a union of " + std::to_string(json.size()) + " members");
  return {json.begin().key(), &*json.begin()};
}

Extent extent_of(const Json& json) {
  if (const auto number = json.find("as_int"); number != json.end()) return Extent(number->get<std::int64_t>());
  return Extent(json.at("as_expr").at("expr_str").get<std::string>());
}

class Parser {
 public:
  explicit Parser(const Json& json) : module_(json.at("graph_module")), graph_(module_.at("graph")) {}

  Program parse() {
    const Json& nodes = graph_.at("nodes");
    if (nodes.size() > kMostNodes)
      fail(fmt::format("the graph has {} nodes, and {} are the most that are read", nodes.size(), kMostNodes),
           "unrolled loops make such graphs: export the network without them");
    inputs(module_.at("signature").at("input_specs"));
    for (const Json& node : nodes) this->node(node);
    outputs(module_.at("signature").at("output_specs"));
    return std::move(program_);
  }

 private:
  ValueId give(const std::string& name, bool is_number) {
    if (program_.values.size() >= kMostValues) fail(fmt::format("the graph has more than {} values", kMostValues));
    const auto id = ValueId(program_.values.size());
    if (!ids_.emplace(name, id).second) fail(fmt::format("the graph has two values called {}", name));
    Value value;
    value.name = name;
    value.is_number = is_number;
    if (is_number)
      describe_number(name, value);
    else
      describe_tensor(name, value);
    program_.values.push_back(std::move(value));
    return id;
  }

  void describe_number(const std::string& name, Value& value) const {
    const Json& all = graph_.at("sym_int_values");
    if (const auto found = all.find(name); found != all.end())
      value.number = extent_of(*found);
    else
      value.number = Extent("undescribed_" + name.substr(0, 40));
  }

  void describe_tensor(const std::string& name, Value& value) const {
    const Json& all = graph_.at("tensor_values");
    const auto found = all.find(name);
    if (found == all.end()) return;
    value.type = must_be_read(name, found->at("dtype").get<std::int64_t>());
    if (const auto layout = found->find("layout"); layout != found->end() && *layout != 7)
      fail(name + " is a sparse tensor, and none is read", "export a network of plain tensors");
    for (const Json& size : found->at("sizes")) value.sizes.push_back(extent_of(size));
  }

  ValueId take(const std::string& name) const {
    const auto found = ids_.find(name);
    if (found != ids_.end()) return found->second;
    fail(fmt::format("{} takes {}, which nothing before it gives", where_, name));
  }

  void inputs(const Json& specs) {
    for (const Json& spec : specs) {
      const auto [kind, input_] = only(spec);
      const Json& input = *input_;
      StoredInput stored;
      if (kind == "user_input") {
        const Json& argument = input.at("arg");
        if (argument.contains("as_none")) continue;
        if (program_.image != kNone || !argument.contains("as_tensor"))
          fail("the network takes more than one tensor of images",
               "export a module whose forward takes the images alone");
        program_.image = give(argument.at("as_tensor").at("name").get<std::string>(), false);
        continue;
      }
      if (kind == "constant_input") continue;
      if (kind == "parameter") {
        stored.name = input.at("parameter_name").get<std::string>();
      } else if (kind == "buffer") {
        stored.name = input.at("buffer_name").get<std::string>();
        stored.kind = StoredInput::Kind::Buffer;
        stored.persistent = input.at("persistent").get<bool>();
      } else if (kind == "tensor_constant") {
        stored.name = input.at("tensor_constant_name").get<std::string>();
        stored.kind = StoredInput::Kind::Constant;
      } else {
        fail("the network reads a " + kind + ", which is no tensor", "export a network of plain tensors and modules");
      }
      stored.value = give(input.at("arg").at("name").get<std::string>(), false);
      program_.stored.push_back(std::move(stored));
    }
    if (program_.image == kNone) fail("the network takes no images", "export a module whose forward takes the images");
  }

  void outputs(const Json& specs) {
    where_ = "the graph's output";
    for (const Json& spec : specs) {
      const auto [kind, output_] = only(spec);
      const Json& output = *output_;
      if (kind != "user_output")
        fail("the network changes its own tensors when it runs (" + kind + ")",
             "export it in eval mode, by torch.export.export(network.eval(), ...), without decompositions");
      const Json& argument = output.at("arg");
      if (argument.contains("as_none")) continue;
      if (program_.output != kNone || !argument.contains("as_tensor"))
        fail("the network gives more than one tensor, or something else",
             "export a module whose forward gives the logits alone");
      program_.output = take(argument.at("as_tensor").at("name").get<std::string>());
    }
    if (program_.output == kNone) fail("the network gives no tensor", "export a module whose forward gives the logits");
  }

  void node(const Json& json) {
    Node node;
    node.target = json.at("target").get<std::string>();
    place(json.at("metadata"), node);
    where_ = node.module.empty() ? node.target : fmt::format("{} in {}", node.target, node.module);
    for (const Json& input : json.at("inputs")) {
      const auto [kind, value_] = only(input.at("arg"));
      const Json& value = *value_;
      node.arguments.push_back(argument(kind, value));
      node.arguments.back().name = input.at("name").get<std::string>();
    }
    for (const Json& output : json.at("outputs")) {
      const auto [kind, value_] = only(output);
      const Json& value = *value_;
      Output given;
      if (kind == "as_tensor") {
        given.values.push_back(give(value.at("name").get<std::string>(), false));
      } else if (kind == "as_tensors") {
        given.is_list = true;
        for (const Json& one : value) given.values.push_back(give(one.at("name").get<std::string>(), false));
      } else if (kind == "as_sym_int" || kind == "as_sym_bool" || kind == "as_sym_float") {
        given.values.push_back(give(value.at("as_name").get<std::string>(), true));
      } else if (kind == "as_none") {
        given.values.push_back(kNone);
      } else {
        fail(fmt::format("{} gives {}, which is no tensor", where_, kind), "export a network of plain tensors");
      }
      node.outputs.push_back(std::move(given));
    }
    program_.nodes.push_back(std::move(node));
  }

  /// "KEY,PATH,CLASS;KEY,PATH,CLASS": the modules that a node stands in, the outermost first. A module that is called
  /// again has "@1" behind its path.
  void place(const Json& metadata, Node& node) {
    const auto found = metadata.find("nn_module_stack");
    if (found == metadata.end()) return;
    node.placed = true;
    const auto stack = found->get<std::string>();
    for (std::size_t begin = 0; begin < stack.size();) {
      const std::size_t end = std::min(stack.find(';', begin), stack.size());
      const std::string entry = stack.substr(begin, end - begin);
      begin = end + 1;
      const std::size_t first = entry.find(','),
                        second = first == std::string::npos ? first : entry.find(',', first + 1);
      if (second == std::string::npos) continue;
      std::string path = entry.substr(first + 1, second - first - 1);
      path = path.substr(0, path.find('@'));
      node.module = path;
      program_.classes.emplace(path, entry.substr(second + 1));
    }
  }

  Argument of_value(const Json& name) const {
    Argument argument;
    argument.kind = Argument::Kind::Value;
    argument.value = take(name.get<std::string>());
    return argument;
  }
  static Argument of_constant(c10::IValue constant) {
    Argument argument;
    argument.constant = std::move(constant);
    return argument;
  }
  /// A list whose items `item` reads.
  template <class Read>
  Argument of_list(const Json& list, Read read) const {
    if (list.size() > kMostItems) fail(fmt::format("{} takes a list of {}", where_, list.size()));
    Argument argument;
    argument.kind = Argument::Kind::List;
    for (const Json& item : list) argument.items.push_back(read(item));
    return argument;
  }

  Argument argument(const std::string& kind, const Json& value) const {
    using Item = Argument::Item;
    if (kind == "as_none") return of_constant({});
    if (kind == "as_tensor") return of_value(value.at("name"));
    if (kind == "as_int") return of_constant(value.get<std::int64_t>());
    if (kind == "as_float") return of_constant(number_of(value));
    if (kind == "as_bool") return of_constant(value.get<bool>());
    if (kind == "as_string") return of_constant(value.get<std::string>());
    if (kind == "as_scalar_type") return of_constant(std::int64_t(must_be_read(where_, value.get<std::int64_t>())));
    if (kind == "as_memory_format") return of_constant(std::int64_t(memory_format(value.get<std::int64_t>())));
    if (kind == "as_layout") return of_constant(std::int64_t(c10::Layout::Strided));
    if (kind == "as_device") return of_constant(c10::Device(c10::kCPU));
    if (kind == "as_optional_tensor")
      return value.contains("as_none") ? of_constant({}) : of_value(value.at("as_tensor").at("name"));
    if (kind == "as_sym_int" || kind == "as_sym_bool" || kind == "as_sym_float") {
      const auto [how, what_] = only(value);
      const Json& what = *what_;
      if (how == "as_name") return of_value(what);
      if (how == "as_bool") return of_constant(what.get<bool>());
      return how == "as_int" ? of_constant(what.get<std::int64_t>()) : of_constant(number_of(what));
    }
    if (kind == "as_ints")
      return of_list(value, [](const Json& item) { return Item{kNone, item.get<std::int64_t>()}; });
    if (kind == "as_floats") return of_list(value, [](const Json& item) { return Item{kNone, number_of(item)}; });
    if (kind == "as_bools") return of_list(value, [](const Json& item) { return Item{kNone, item.get<bool>()}; });
    if (kind == "as_sym_ints")
      return of_list(value, [&](const Json& item) {
        if (const auto name = item.find("as_name"); name != item.end()) return Item{take(name->get<std::string>()), {}};
        return Item{kNone, item.at("as_int").get<std::int64_t>()};
      });
    if (kind == "as_tensors")
      return of_list(value, [&](const Json& item) { return Item{take(item.at("name").get<std::string>()), {}}; });
    if (kind == "as_optional_tensors")
      return of_list(value, [&](const Json& item) {
        if (item.contains("as_none")) return Item{kNone, {}};
        return Item{take(item.at("as_tensor").at("name").get<std::string>()), {}};
      });
    fail(fmt::format("{} takes an argument of the kind {}, which is not read", where_, kind),
         "higher-order operations and objects of one's own cannot be taken: export a network of plain tensors");
  }

  const Json &module_, &graph_;
  Program program_;
  std::unordered_map<std::string, ValueId> ids_;
  std::string where_;  ///< the node that is read
};

}  // namespace

Program parse_program(const std::string& text) {
  const Json json = Json::parse(
      text.begin(), text.end(),
      [](int depth, Json::parse_event_t, Json&) {
        if (depth > kMostNesting) fail("the graph is nested without end");
        return true;
      },
      false);
  if (!json.is_object()) fail("the graph is no JSON");
  try {
    if (const std::int64_t major = json.at("schema_version").at("major").get<std::int64_t>(); major > 8)
      fail(fmt::format("the graph is of the export schema's version {}, and 8 is the newest that is read", major),
           "export it with PyTorch 2.5 to 2.11");
    return Parser(json).parse();
  } catch (const Json::exception& error) {
    fail(std::string("the graph is not laid out as torch.export does: ") + error.what());
  }
}

}  // namespace cambium::exported
