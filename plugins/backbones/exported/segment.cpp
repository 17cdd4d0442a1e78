#include "segment.h"

#include <ATen/ScalarOps.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <set>

#include "cambium/error.h"
#include "cambium/nn.h"
#include "operations.h"
#include "strided.h"

namespace cambium::exported {

using c10::IValue;
using torch::jit::Stack;

/// What one run holds.
struct Segment::State {
  std::vector<IValue> frame;
  std::map<std::string, std::int64_t> symbols;
  Mode mode;
  std::int64_t batch = 1;
  bool bf16 = false, folds = false;
  Stack stack;
};

Segment::Slot Segment::slot(ValueId value) { return slots_.try_emplace(value, Slot(slots_.size())).first->second; }

Segment::Segment(const Graph& graph, const std::vector<std::size_t>& operations, ValueId input, ValueId output,
                 const Give& give)
    : symbols_(graph.symbols), batch_(graph.batch) {
  if (input != kNone) input_ = slot(input);
  steps_.reserve(operations.size());
  for (const std::size_t operation : operations) add(graph, operation, give);
  if (output != kNone) output_ = slot(output);
  fuse();
  find_ends(output);
  // Whether something that may be the input is written over.
  std::set<Slot> same = {input_};
  for (const Step& step : steps_)
    for (std::size_t a = 0; a < step.operation->arguments.size(); ++a) {
      const BoundArgument& argument = step.operation->arguments[a];
      if (!argument.aliased && !argument.written) continue;
      const auto hole =
          std::find_if(step.holes.begin(), step.holes.end(), [&](const Hole& h) { return h.argument == a; });
      if (hole == step.holes.end()) continue;
      for (const Item& item : hole->items) {
        if (item.slot < 0 || same.count(item.slot) == 0) continue;
        copies_ = copies_ || argument.written;
        for (const auto& result : step.results) same.insert(result.begin(), result.end());
      }
    }
}

Segment::Item Segment::item(const Graph& graph, const Argument::Item& from, const Give& give) {
  Item item;
  if (from.value == kNone) {
    item.constant = from.constant;
    return item;
  }
  const Value& value = graph.value(from.value);
  if (value.is_number) {
    item.number = value.number;
  } else if (const auto fixed = graph.fixed.find(from.value); fixed != graph.fixed.end()) {
    item.constant = fixed->second;
  } else if (graph.stored.count(from.value)) {
    item.constant = give(from.value);
  } else {
    item.slot = slot(from.value);
  }
  return item;
}

void Segment::add(const Graph& graph, std::size_t at, const Give& give) {
  const Operation& operation = graph.operations[at];
  Step step;
  step.operation = &operation;
  step.read_later = graph.read_later[at];
  step.to_float = !takes_bf16(operation.name) && !step.read_later;
  for (std::size_t a = 0; a < operation.arguments.size(); ++a) {
    const BoundArgument& argument = operation.arguments[a];
    step.arguments.push_back(argument.constant);
    if (argument.kind == BoundArgument::Kind::Constant) continue;
    Hole hole{a, argument.kind, argument.wrapped, {}};
    if (argument.value != kNone)
      hole.items.push_back(item(graph, {argument.value, {}}, give));
    else
      for (const auto& one : argument.items) hole.items.push_back(item(graph, one, give));
    const bool is_constant = argument.kind == BoundArgument::Kind::Tensor && hole.items[0].slot < 0;
    if (is_constant)
      step.arguments.back() = hole.items[0].constant;
    else
      step.holes.push_back(std::move(hole));
  }
  for (const Output& output : operation.outputs) {
    std::vector<Slot> slots;
    for (const ValueId value : output.values) slots.push_back(value == kNone ? -1 : slot(value));
    step.results.push_back(std::move(slots));
  }
  const std::string& name = operation.name;
  if (name == "batch_norm") {
    step.special = Special::BatchNorm;
    if (const BoundArgument& mean = operation.argument("running_mean"); mean.value != kNone) {
      step.mode = operation.find("training");
      if (const auto stored = graph.stored.find(mean.value); stored != graph.stored.end()) {
        const std::string& mean_name = stored->second->name;
        const std::string counter = mean_name.substr(0, mean_name.rfind('.') + 1) + "num_batches_tracked";
        for (const auto& [id, one] : graph.stored)
          if (one->name == counter) step.counter = give(id);
      }
    }
  } else if (is_dropout(name)) {
    step.special = Special::Dropout;
    step.mode = operation.find("train");
  } else if (name == "conv2d" && operation.find("padding") >= 0) {
    step.special = Special::Convolution;
  } else if (name == "linear") {
    step.special = Special::Linear;
  } else if (is_product(name)) {
    step.special = Special::Product;
  } else if (name == "max_pool2d") {
    const auto side = [&](const char* which) {
      const auto list = operation.argument(which).constant;
      if (!list.isIntList()) return std::int64_t{-1};
      const auto numbers = list.toIntVector();
      if (numbers.empty()) return std::int64_t{0};
      return numbers.front() == numbers.back() ? numbers.front() : std::int64_t{-1};
    };
    step.kernel = side("kernel_size");
    step.stride = side("stride");
    step.padding = side("padding");
    step.ceil = operation.argument("ceil_mode").constant.toBool();
    if (step.kernel > 0 && step.stride >= 0 && step.padding >= 0 && side("dilation") == 1)
      step.special = Special::MaxPool;
  }
  steps_.push_back(std::move(step));
}

/// A convolution and the batch norm after it can be one where they do not learn; a ReLU and the max pool after it
/// change places, since the greatest is the greatest before and after, and there are fewer after.
void Segment::fuse() {
  std::map<Slot, std::vector<std::size_t>> readers;
  for (std::size_t s = 0; s < steps_.size(); ++s)
    for (const Hole& hole : steps_[s].holes)
      for (const Item& item : hole.items)
        if (item.slot >= 0) readers[item.slot].push_back(s);
  if (output_ >= 0) readers[output_].push_back(steps_.size());
  const auto sole = [&](std::size_t s) {
    const auto& all = readers[steps_[s].results[0][0]];
    return all.size() == 1 && all[0] < steps_.size() ? std::int32_t(all[0]) : -1;
  };
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    Step& step = steps_[s];
    if (step.results.size() != 1 || step.results[0].size() != 1 || step.results[0][0] < 0) continue;
    const std::int32_t next = sole(s);
    if (next < 0) continue;
    Step& reader = steps_[std::size_t(next)];
    const auto tensor = [](const Step& of, const char* name) {
      const auto at = std::size_t(of.operation->find(name));
      return of.arguments[at].isTensor() || of.arguments[at].isNone();
    };
    if (step.special == Special::Convolution && reader.special == Special::BatchNorm && reader.mode >= 0 &&
        tensor(step, "weight") && tensor(step, "bias") && tensor(reader, "weight") && tensor(reader, "bias") &&
        reader.arguments[std::size_t(reader.operation->find("running_var"))].isTensor() &&
        step.arguments[std::size_t(step.operation->find("weight"))].isTensor()) {
      step.folds = next;
      reader.folded = true;
    }
    const std::string& name = step.operation->name;
    if ((name == "relu" || (name == "relu_" && !step.read_later)) && reader.special == Special::MaxPool &&
        step.holes.size() == 1 && reader.holes.size() == 1 && std::size_t(next) == s + 1) {
      // The pool reads what the activation read and gives what it gave; then the activation does, in turn.
      std::swap(step.holes, reader.holes);
      std::swap(step.results, reader.results);
      std::swap(step, reader);
    }
  }
}

void Segment::find_ends(ValueId output) {
  std::map<Slot, std::size_t> last;
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    for (const auto& result : steps_[s].results)
      for (const Slot slot : result)
        if (slot >= 0) last[slot] = s;
    for (const Hole& hole : steps_[s].holes)
      for (const Item& item : hole.items)
        if (item.slot >= 0) last[item.slot] = s;
  }
  if (output == kNone) return;
  for (const auto& [slot, step] : last)
    if (slot != output_) steps_[step].ended.push_back(slot);
}

void Segment::fill(const Step& step, State& state, Stack& stack) const {
  const auto tensor = [&](const Item& item) -> IValue {
    IValue value = item.slot >= 0 ? state.frame[std::size_t(item.slot)] : item.constant;
    if (state.bf16 && step.to_float && value.isTensor() && value.toTensor().scalar_type() == at::kBFloat16)
      return value.toTensor().to(at::kFloat);
    return value;
  };
  for (const Hole& hole : step.holes) {
    IValue& to = stack[hole.argument];
    switch (hole.kind) {
      case BoundArgument::Kind::Tensor:
        to = tensor(hole.items[0]);
        break;
      case BoundArgument::Kind::Number:
        to = hole.items[0].number.value(state.symbols);
        if (hole.wrapped) {
          at::Tensor number = c10::scalar_to_tensor(to.toScalar());
          number.unsafeGetTensorImpl()->set_wrapped_number(true);
          to = number;
        }
        break;
      case BoundArgument::Kind::Tensors: {
        c10::List<at::Tensor> list;
        list.reserve(hole.items.size());
        for (const Item& item : hole.items) list.push_back(tensor(item).toTensor());
        to = std::move(list);
        break;
      }
      case BoundArgument::Kind::OptionalTensors: {
        c10::List<c10::optional<at::Tensor>> list;
        for (const Item& item : hole.items) list.push_back(tensor(item).toOptional<at::Tensor>());
        to = std::move(list);
        break;
      }
      default: {
        c10::List<std::int64_t> list;
        list.reserve(hole.items.size());
        for (const Item& item : hole.items)
          list.push_back(item.constant.isInt() ? item.constant.toInt() : item.number.value(state.symbols));
        to = std::move(list);
      }
    }
  }
}

void Segment::fold(const Step& step, Stack& stack) const {
  const Step& norm = steps_[std::size_t(step.folds)];
  const auto of_norm = [&](const char* name) -> const IValue& {
    return norm.arguments[std::size_t(norm.operation->find(name))];
  };
  const auto defined = [](const IValue& value) { return value.isTensor() && value.toTensor().defined(); };
  at::Tensor scale = (of_norm("running_var").toTensor() + of_norm("eps").toDouble()).rsqrt();
  if (defined(of_norm("weight"))) scale = of_norm("weight").toTensor() * scale;
  at::Tensor shift = -of_norm("running_mean").toTensor() * scale;
  if (defined(of_norm("bias"))) shift = of_norm("bias").toTensor() + shift;
  IValue &weight = stack[std::size_t(step.operation->find("weight"))],
         &bias = stack[std::size_t(step.operation->find("bias"))];
  if (defined(bias)) shift = shift.addcmul(bias.toTensor(), scale);
  weight = weight.toTensor() * scale.view({-1, 1, 1, 1});
  bias = shift;
}

/// The multiply-adds of one image.
void Segment::count(const Step& step, const std::vector<at::Tensor>& taken, const at::Tensor& given,
                    std::int64_t batch) const {
  if (taken.empty() || batch < 1) return;
  const at::Tensor& a = taken[0];
  const auto each = [&](std::int64_t count) { nn::count_operations(count / batch); };
  const std::string& name = step.operation->name;
  if (name == "linear")
    each(a.numel() * taken[1].size(0));
  else if (name == "scaled_dot_product_attention")
    each(2 * a.numel() * taken[1].size(-2));
  else if (name.rfind("conv_transpose", 0) == 0)
    each(a.numel() * taken[1].numel() / std::max<std::int64_t>(taken[1].size(0), 1));
  else if (name.rfind("conv", 0) == 0)
    each(given.numel() * taken[1].numel() / std::max<std::int64_t>(taken[1].size(0), 1));
  else if (name == "addmm" || name == "baddbmm")
    each(given.numel() * taken[1].size(-1));
  else if (name == "matmul" || name == "mm" || name == "bmm")
    each(given.numel() * a.size(-1));
}

void Segment::execute(const Step& step, State& state) const {
  const auto frame = [&](Slot slot) -> IValue& { return state.frame[std::size_t(slot)]; };
  Stack& stack = state.stack;
  stack.assign(step.arguments.begin(), step.arguments.end());
  fill(step, state, stack);
  const bool passes = step.folded && state.folds && !state.mode.statistics;
  std::vector<at::Tensor> taken;
  const bool counts =
      step.special == Special::Convolution || step.special == Special::Linear || step.special == Special::Product;
  if (counts)
    for (const IValue& value : stack)
      if (value.isTensor()) taken.push_back(value.toTensor());
  switch (step.special) {
    case Special::BatchNorm: {
      if (step.mode < 0 || passes) break;
      stack[std::size_t(step.mode)] = state.mode.statistics;
      const at::Tensor& x = stack[0].toTensor();
      if (!state.mode.statistics) break;
      if (x.numel() == x.size(1))
        throw Error(ErrorKind::Data, "batch norm has one value a channel to learn from, of one image, and needs two",
                    "set train.batch to 2 or more, or give the data more training images");
      if (step.counter.defined()) at::Tensor(step.counter).add_(1);
      break;
    }
    case Special::Dropout:
      stack[std::size_t(step.mode)] = state.mode.training;
      break;
    case Special::Convolution:
      if (step.folds >= 0 && state.folds && !state.mode.statistics) fold(step, stack);
      take_strides(*step.operation, stack);
      break;
    default:
      break;
  }
  if (passes) {
    const IValue x = stack[0];
    stack.assign(1, x);
  } else if (step.special == Special::MaxPool) {
    nn::MaxPool2d pool(step.kernel, step.stride, step.padding, step.ceil);
    const at::Tensor y = pool.forward(stack[0].toTensor());
    stack.assign(1, y);
  } else {
    step.operation->call(stack);
  }
  if (counts && stack.size() == 1 && stack[0].isTensor()) count(step, taken, stack[0].toTensor(), state.batch);
  for (std::size_t i = 0; i < step.results.size() && i < stack.size(); ++i) {
    const auto& slots = step.results[i];
    if (step.operation->outputs[i].is_list) {
      const auto list = stack[i].toTensorVector();
      if (list.size() != slots.size())
        throw Error(ErrorKind::Plugin,
                    step.operation->where + " gives " + std::to_string(list.size()) + " tensors, and the graph has " +
                        std::to_string(slots.size()),
                    "the file is damaged; export it again");
      for (std::size_t k = 0; k < list.size(); ++k)
        if (slots[k] >= 0) frame(slots[k]) = list[k];
    } else if (!slots.empty() && slots[0] >= 0) {
      frame(slots[0]) = stack[i];
    }
  }
  for (const Slot slot : step.ended) frame(slot) = {};
}

at::Tensor Segment::run(const at::Tensor& x, Mode mode) const {
  State state;
  state.frame.resize(slots_.size());
  state.symbols = symbols_;
  state.mode = mode;
  state.batch = x.size(0);
  state.symbols[batch_] = state.batch;
  state.bf16 = at::autocast::is_cpu_enabled();
  state.folds = !at::GradMode::is_enabled();
  if (input_ >= 0) state.frame[std::size_t(input_)] = copies_ ? x.clone() : x;
  for (const Step& step : steps_) execute(step, state);
  return state.frame[std::size_t(output_)].toTensor();
}

std::map<ValueId, at::Tensor> Segment::run_fixed(const std::vector<ValueId>& wanted) const {
  const at::NoGradGuard no_grad;
  State state;
  state.frame.resize(slots_.size());
  state.symbols = symbols_;
  for (const Step& step : steps_) execute(step, state);
  std::map<ValueId, at::Tensor> found;
  for (const ValueId id : wanted)
    if (const auto at = slots_.find(id); at != slots_.end() && state.frame[std::size_t(at->second)].isTensor())
      found[id] = state.frame[std::size_t(at->second)].toTensor();
  return found;
}

}  // namespace cambium::exported
