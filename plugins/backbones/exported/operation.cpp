#include "operation.h"

#include <ATen/ScalarOps.h>
#include <fmt/format.h>

#include <algorithm>

#include "cambium/error.h"
#include "operations.h"
#include "own_operations.h"

namespace cambium::exported {
namespace {

using c10::IValue;
using c10::TypeKind;

[[noreturn]] void fail(const std::string& what, const std::string& hint) { throw Error(ErrorKind::Plugin, what, hint); }

const c10::Type& bare(const c10::Type& type) {
  return type.kind() == TypeKind::OptionalType ? *type.castRaw<c10::OptionalType>()->getElementType() : type;
}

/// Binds one argument of one operation.
class ArgumentBinder {
 public:
  ArgumentBinder(const Program& program, const std::string& where, const c10::Argument& wanted)
      : program_(program), where_(where), wanted_(wanted), type_(bare(*wanted.type())) {}

  BoundArgument bind(const Argument* given) {
    BoundArgument bound;
    if (!given)
      bound.constant = default_value();
    else if (type_.kind() == TypeKind::ListType)
      list(*given, bound);
    else if (given->kind == Argument::Kind::Value)
      value(given->value, bound);
    else if (given->kind == Argument::Kind::Constant)
      bound.constant = constant(given->constant, type_);
    else
      refuse("a list");
    if (const auto* alias = wanted_.alias_info()) {
      bound.written = alias->isWrite();
      bound.aliased = true;
    }
    return bound;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    fail(fmt::format("{} is given {} for {}, which is {}", where_, what, wanted_.name(), wanted_.type()->str()),
         "the file is damaged, or of a PyTorch whose operation differs from this LibTorch's");
  }

  IValue default_value() const {
    if (wanted_.default_value()) return *wanted_.default_value();
    if (wanted_.type()->kind() == TypeKind::OptionalType) return {};
    fail(fmt::format("{} is not given {}", where_, wanted_.name()),
         "this LibTorch's operation takes an argument that the exporting PyTorch's does not have");
  }

  void value(ValueId id, BoundArgument& bound) const {
    const bool number = program_.values[std::size_t(id)].is_number;
    bound.value = id;
    bound.kind = number ? BoundArgument::Kind::Number : BoundArgument::Kind::Tensor;
    bound.wrapped = number && type_.kind() == TypeKind::TensorType;
    const bool takes_number =
        bound.wrapped || type_.kind() == TypeKind::IntType || type_.kind() == TypeKind::NumberType;
    if (number ? !takes_number : type_.kind() != TypeKind::TensorType) refuse(number ? "a size" : "a tensor");
  }

  IValue constant(const IValue& given, const c10::Type& type) const {
    if (given.isNone()) {
      if (wanted_.type()->kind() == TypeKind::OptionalType || type.kind() == TypeKind::TensorType) return given;
      refuse("nothing");
    }
    const bool number = given.isInt() || given.isDouble() || given.isBool();
    switch (type.kind()) {
      case TypeKind::TensorType:
        if (number) return wrapped(given);
        break;
      case TypeKind::IntType:
        if (given.isInt()) return given;
        if (given.isBool()) return std::int64_t(given.toBool());
        break;
      case TypeKind::FloatType:
        if (given.isDouble()) return given;
        if (given.isInt()) return double(given.toInt());
        break;
      case TypeKind::BoolType:
        if (given.isBool()) return given;
        break;
      case TypeKind::NumberType:
        if (number) return given;
        break;
      case TypeKind::StringType:
        if (given.isString()) return given;
        break;
      case TypeKind::DeviceObjType:
        if (given.isDevice()) return given;
        break;
      default:
        break;
    }
    refuse(given.tagKind());
  }

  /// As PyTorch does with a number among tensors: of no type that would make the others wider.
  static IValue wrapped(const IValue& number) {
    at::Tensor tensor = c10::scalar_to_tensor(number.toScalar());
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
    return tensor;
  }

  void list(const Argument& given, BoundArgument& bound) const {
    const c10::Type& element = *type_.castRaw<c10::ListType>()->getElementType();
    if (given.kind == Argument::Kind::Constant && given.constant.isNone() &&
        wanted_.type()->kind() == TypeKind::OptionalType)
      return;
    std::vector<Argument::Item> items = given.items;
    if (given.kind == Argument::Kind::Constant) {
      // One number for each of N.
      if (!wanted_.N()) refuse("no list");
      items.assign(std::size_t(*wanted_.N()), {kNone, given.constant});
    } else if (given.kind == Argument::Kind::Value) {
      refuse("no list");
    }
    const bool optional = element.kind() == TypeKind::OptionalType,
               tensors = bare(element).kind() == TypeKind::TensorType;
    for (Argument::Item& item : items) {
      if (item.value == kNone) {
        if (!(optional && item.constant.isNone())) item.constant = constant(item.constant, bare(element));
      } else if (program_.values[std::size_t(item.value)].is_number == tensors) {
        refuse("a list of others");
      }
    }
    const bool open = std::any_of(items.begin(), items.end(), [](const auto& item) { return item.value != kNone; });
    if (tensors) {
      bound.kind = optional ? BoundArgument::Kind::OptionalTensors : BoundArgument::Kind::Tensors;
      bound.items = std::move(items);
    } else if (open) {
      if (element.kind() != TypeKind::IntType) refuse("a list of sizes");
      bound.kind = BoundArgument::Kind::Numbers;
      bound.items = std::move(items);
    } else {
      bound.constant = constant_list(items, element);
    }
  }

  IValue constant_list(const std::vector<Argument::Item>& items, const c10::Type& element) const {
    if (element.kind() == TypeKind::IntType) {
      c10::List<std::int64_t> list;
      for (const auto& item : items) list.push_back(item.constant.toInt());
      return list;
    }
    if (element.kind() == TypeKind::FloatType) {
      c10::List<double> list;
      for (const auto& item : items) list.push_back(item.constant.toDouble());
      return list;
    }
    if (element.kind() == TypeKind::BoolType) {
      c10::List<bool> list;
      for (const auto& item : items) list.push_back(item.constant.toBool());
      return list;
    }
    refuse("a list");
  }

  const Program& program_;
  const std::string& where_;
  const c10::Argument& wanted_;
  const c10::Type& type_;
};

/// A newer PyTorch may have arguments that this library lacks; what they are given by default asks for nothing.
bool asks_nothing(const Argument& argument) {
  const IValue& value = argument.constant;
  return argument.kind == Argument::Kind::Constant && (value.isNone() || (value.isBool() && !value.toBool()));
}

void bind_outputs(const Node& node, const c10::FunctionSchema& schema, Operation& operation) {
  const auto& returns = schema.returns();
  bool fits = returns.size() == node.outputs.size() || (node.outputs.empty() && returns.size() == 1);
  for (std::size_t i = 0; fits && i < node.outputs.size(); ++i) {
    const c10::Type& type = *returns[i].type();
    fits = node.outputs[i].is_list ? type.kind() == TypeKind::ListType : type.kind() == TypeKind::TensorType;
  }
  if (!fits)
    fail(fmt::format("{} is said to give {} values, and it gives {}", operation.where, node.outputs.size(),
                     returns.size()),
         "the file is damaged, or of a PyTorch whose operation differs from this LibTorch's");
  operation.outputs = node.outputs;
  // An operation that pretends to give nothing still leaves what it gives on the stack.
  if (operation.outputs.empty()) operation.outputs.assign(returns.size(), {});
}

}  // namespace

int Operation::find(const std::string& wanted) const {
  const auto found = std::find(names.begin(), names.end(), wanted);
  return found == names.end() ? -1 : int(found - names.begin());
}

void Operation::call(torch::jit::Stack& stack) const {
  if (own)
    own(stack);
  else
    handle->callBoxed(stack);
}

Operation bind(const Program& program, const Node& node) {
  Operation operation;
  operation.name = aten_name(node.target);
  operation.where = fmt::format("{}{}", operation.name.empty() ? node.target : operation.name,
                                node.module.empty() ? "" : " in " + node.module);
  if (operation.name.empty()) {
    const bool higher = node.target.find("higher_order") != std::string::npos;
    fail(fmt::format("the network uses {}, {}", operation.where,
                     higher ? "a higher-order operation" : "an operation that is not PyTorch's own"),
         higher ? "export it without control flow, and without torch.no_grad or autocast inside of forward"
                : "export the network with that part written in PyTorch's own operations");
  }
  if (!is_pure(operation.name))
    fail(fmt::format("the network uses {}, which is not on the list of operations that may be called", operation.where),
         "operations that compute tensors from tensors alone are: write that part with others");
  const std::string overload = node.target.substr(node.target.rfind('.') + 1);
  operation.handle =
      c10::Dispatcher::singleton().findSchema({"aten::" + operation.name, overload == "default" ? "" : overload});
  const c10::FunctionSchema* schema = operation.handle ? &operation.handle->schema() : nullptr;
  const bool strict = operation.name == "view" && overload == "default";
  if (const OwnOperation* own = schema && !strict ? nullptr : find_own(operation.name)) {
    operation.own = own->call;
    schema = &own->schema;
  }
  if (!schema)
    fail(fmt::format("the network uses {} ({}), which this LibTorch does not have", operation.where, node.target),
         "export it with an older PyTorch, or build Cambium with a newer LibTorch");
  std::vector<bool> used(node.arguments.size(), false);
  for (const c10::Argument& wanted : schema->arguments()) {
    if (wanted.is_out())
      fail(fmt::format("{} writes to tensors that it is given", operation.where), "export it without out= arguments");
    const Argument* given = nullptr;
    for (std::size_t i = 0; i < node.arguments.size(); ++i)
      if (node.arguments[i].name == wanted.name()) {
        given = &node.arguments[i];
        used[i] = true;
      }
    operation.arguments.push_back(ArgumentBinder(program, operation.where, wanted).bind(given));
    operation.names.push_back(wanted.name());
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    if (!used[i] && !asks_nothing(node.arguments[i]))
      fail(fmt::format("{} is given {}, which this LibTorch's operation does not take", operation.where,
                       node.arguments[i].name),
           "export it with an older PyTorch, or build Cambium with a newer LibTorch");
  bind_outputs(node, *schema, operation);
  // What it gives may be what it was given.
  const bool says = std::any_of(schema->returns().begin(), schema->returns().end(),
                                [](const c10::Argument& given) { return given.alias_info() != nullptr; });
  for (BoundArgument& argument : operation.arguments) argument.aliased = argument.aliased && says;
  if (may_pass_through(operation.name) && !operation.arguments.empty()) operation.arguments.front().aliased = true;
  return operation;
}

}  // namespace cambium::exported
