#pragma once

#include <ATen/core/ivalue.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "extent.h"

namespace cambium::exported {

using ValueId = std::int32_t;
inline constexpr ValueId kNone = -1;

/// What nodes give and take: a tensor, or a whole number made of sizes.
struct Value {
  std::string name;
  bool is_number = false;
  Extent number;                        ///< of a number
  std::optional<c10::ScalarType> type;  ///< of a tensor that the graph describes
  std::vector<Extent> sizes;            ///< the same
};

/// What a node's operation is given for one of its arguments.
struct Argument {
  enum class Kind { Constant, Value, List };
  /// One of a list: a value, or a constant.
  struct Item {
    ValueId value = kNone;
    c10::IValue constant;
  };
  std::string name;
  Kind kind = Kind::Constant;
  c10::IValue constant;
  ValueId value = kNone;
  std::vector<Item> items;
};

/// What an operation gives at one place: a tensor, or a list of them. kNone where nobody reads it.
struct Output {
  std::vector<ValueId> values;
  bool is_list = false;
};

struct Node {
  std::string target;  ///< "torch.ops.aten.conv2d.default"
  std::vector<Argument> arguments;
  std::vector<Output> outputs;
  std::string module;   ///< the path of the module that it stands in, "layer1.0.conv1"; empty for the network itself
  bool placed = false;  ///< whether the graph says where it stands
};

/// A tensor that the graph reads and no node gives.
struct StoredInput {
  enum class Kind { Parameter, Buffer, Constant };
  ValueId value = kNone;
  std::string name;  ///< in the archive
  Kind kind = Kind::Parameter;
  bool persistent = true;  ///< of a buffer: in the state dict
};

/// A network as torch.export writes it: one tensor in, one tensor out.
struct Program {
  std::vector<Value> values;
  std::vector<Node> nodes;  ///< each after those whose values it takes
  std::vector<StoredInput> stored;
  std::map<std::string, std::string> classes;  ///< of modules by path
  ValueId image = kNone, output = kNone;
};

/// Reads a graph's JSON. Every name, order and number is looked at; what no network here can be is an Error{Data} that
/// says where.
Program parse_program(const std::string& json);

}  // namespace cambium::exported
