#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

#include <optional>
#include <string>
#include <vector>

#include "program.h"

namespace cambium::exported {

/// An argument in the form that the operation takes it in.
struct BoundArgument {
  enum class Kind { Constant, Tensor, Number, Tensors, OptionalTensors, Numbers };
  Kind kind = Kind::Constant;
  c10::IValue constant;
  ValueId value = kNone;
  bool wrapped = false;               ///< a number where a tensor is wanted
  std::vector<Argument::Item> items;  ///< of the lists
  bool written = false;               ///< changed in place
  bool aliased = false;               ///< what the operation gives may share its memory
};

/// A node with its operation, looked up once: arguments in the schema's order, defaults filled in.
struct Operation {
  std::string name;   ///< "conv2d"
  std::string where;  ///< for messages: "conv2d in layer1.0.conv1"
  c10::optional<c10::OperatorHandle> handle;
  void (*own)(torch::jit::Stack&) = nullptr;  ///< instead, where the library lacks it
  std::vector<BoundArgument> arguments;
  std::vector<std::string> names;  ///< of the arguments
  std::vector<Output> outputs;

  /// The place of the argument called `wanted`, or -1.
  int find(const std::string& wanted) const;
  const BoundArgument& argument(const std::string& wanted) const { return arguments[std::size_t(find(wanted))]; }
  void call(torch::jit::Stack& stack) const;
};

/// Looks up what `node` calls. Throws Error{Plugin} for what is not on the list of operations.h, for what this LibTorch
/// lacks, and for arguments that it does not take; each names the operation and the module that it stands in.
Operation bind(const Program& program, const Node& node);

}  // namespace cambium::exported
