#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "graph.h"

namespace cambium::exported {

/// What batch norm and what dropout go by.
struct Mode {
  bool training = false, statistics = false;
};

/// A part of a graph made ready to run: arguments prepared, the steps' places for values counted, what is not read any
/// more let go. Running it changes nothing in it, so several threads may.
class Segment {
 public:
  /// Gives a parameter's or buffer's tensor, which the steps then hold.
  using Give = std::function<at::Tensor(ValueId)>;

  /// From the value `input` to `output` by the operations `operations`, in order. No `input` (kNone): nothing is given.
  Segment(const Graph& graph, const std::vector<std::size_t>& operations, ValueId input, ValueId output,
          const Give& give);

  at::Tensor run(const at::Tensor& x, Mode mode) const;
  /// The same where nothing is given: constants of constants.
  std::map<ValueId, at::Tensor> run_fixed(const std::vector<ValueId>& wanted) const;

 private:
  using Slot = std::int32_t;
  struct Item {
    Slot slot = -1;
    Extent number;  ///< of a number
    c10::IValue constant;
  };
  struct Hole {
    std::size_t argument = 0;
    BoundArgument::Kind kind = BoundArgument::Kind::Constant;
    bool wrapped = false;
    std::vector<Item> items;
  };
  enum class Special : std::uint8_t { None, BatchNorm, Dropout, Convolution, Linear, Product, MaxPool, Add };
  struct Step {
    const Operation* operation = nullptr;
    Special special = Special::None;
    std::vector<c10::IValue> arguments;
    std::vector<Hole> holes;
    std::vector<std::vector<Slot>> results;  ///< as the operation's outputs
    std::vector<Slot> ended;                 ///< read here for the last time
    int mode = -1;                           ///< the place of `training` or `train`
    bool read_later = false;                 ///< what it writes over is, under another name
    bool to_float = false;                   ///< of what is bf16
    std::int32_t folds = -1;  ///< of a convolution: the step of the norm that it is one with in eval mode
    bool folded = false;      ///< of that norm
    at::Tensor counter;       ///< num_batches_tracked
    std::int64_t kernel = 0, stride = 0, padding = 0;  ///< of a max pool over squares
    bool ceil = false;
  };
  struct State;

  void add(const Graph& graph, std::size_t operation, const Give& give);
  Item item(const Graph& graph, const Argument::Item& item, const Give& give);
  Slot slot(ValueId value);
  void find_ends(ValueId output);
  void fuse();
  void execute(const Step& step, State& state) const;
  void fill(const Step& step, State& state, std::vector<c10::IValue>& stack) const;
  void fold(const Step& step, std::vector<c10::IValue>& stack) const;
  void count(const Step& step, const std::vector<at::Tensor>& taken, const at::Tensor& given, std::int64_t batch) const;

  std::vector<Step> steps_;
  std::map<ValueId, Slot> slots_;
  Slot input_ = -1, output_ = -1;
  bool copies_ = false;  ///< the input is written over here
  std::map<std::string, std::int64_t> symbols_;
  std::string batch_;
};

}  // namespace cambium::exported
