#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cambium {

/// How a parameter is first filled. The values come from a stream of the seed and the parameter's own name, so a layer
/// starts the same whatever is built before it.
struct Init {
  enum class Kind { Constant, Uniform, Normal };
  Kind kind = Kind::Constant;
  double scale = 0;  ///< the constant; the bound of U(-scale, scale); the standard deviation of N(0, scale^2)

  static Init constant(double value) { return {Kind::Constant, value}; }
  static Init uniform(double bound) { return {Kind::Uniform, bound}; }
  static Init normal(double deviation) { return {Kind::Normal, deviation}; }
  /// He et al. 2015, eq. 10: N(0, 2 / fan_in), for layers followed by a ReLU.
  static Init he_normal(std::int64_t fan_in);
  /// He et al. 2015 as a uniform distribution of the same variance.
  static Init he_uniform(std::int64_t fan_in);
  /// Glorot and Bengio 2010, eq. 16: U(-a, a) with a = sqrt(6 / (fan_in + fan_out)).
  static Init glorot_uniform(std::int64_t fan_in, std::int64_t fan_out);
  /// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what PyTorch's Linear and Conv2d start with.
  static Init fan_in_uniform(std::int64_t fan_in);
};

/// What a parameter is for: strategies such as norm-only and bias-only tell them apart. Norm: the scale of a
/// normalisation; NormBias: its shift.
enum class Role { Weight, Bias, Norm, NormBias };

/// One learned tensor.
struct NamedParameter {
  std::string name;  ///< relative to its module: "weight"; collected: the full name, "conv1.weight"
  at::Tensor value;
  Init init;
  Role role = Role::Weight;
};

/// One tensor that is kept but not learned, such as a running mean.
struct NamedBuffer {
  std::string name;
  at::Tensor value;
  std::optional<double> initial = 0;  ///< what every element starts as; none: as the module has it when it is made
};

/// A piece of a network: parameters, buffers, children and a forward function. A thin cousin of torch::nn::Module, so
/// that a plugin compiles in seconds. Names are those of PyTorch's state_dict.
class Module {
 public:
  virtual ~Module() = default;

  /// Runs the module on `x`; shapes are the subclass's own to state.
  virtual at::Tensor forward(const at::Tensor& x) = 0;

  /// Train or eval mode for this module and all below: what dropout and batch norm go by.
  void train(bool on) { train(on, on); }
  /// The two apart. `statistics`: those that have a buffer of their own called running_mean, as batch norm, normalise
  /// by the batch and follow it; `on`: all others are in train mode.
  void train(bool on, bool statistics);
  /// The mode that this module is in.
  bool training() const { return training_; }
  /// For a module that holds several of somebody else's: the mode of those of them that keep running statistics.
  bool statistics() const { return statistics_; }

  /// Every parameter and buffer of this module and those below, with full names beginning with `prefix`. The tensors
  /// are the module's own, not copies.
  std::vector<NamedParameter> parameters(const std::string& prefix = {}) const;
  std::vector<NamedBuffer> buffers(const std::string& prefix = {}) const;

 protected:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Declares a float32 parameter and gives its tensor, whose storage stays the same for the module's life.
  at::Tensor parameter(std::string name, std::vector<std::int64_t> shape, Init init, Role role = Role::Weight);
  /// Declares a buffer; `type` is float32 unless said.
  at::Tensor buffer(std::string name, std::vector<std::int64_t> shape, double initial,
                    c10::ScalarType type = c10::ScalarType::Float);
  /// Declares a buffer that starts as a copy of `value`.
  at::Tensor buffer(std::string name, const at::Tensor& value);

  /// Builds a child module and keeps it under `name` (empty: its names stand without a prefix of their own).
  template <class M, class... Args>
  M& child(std::string name, Args&&... args) {
    auto module = std::make_unique<M>(std::forward<Args>(args)...);
    M& reference = *module;
    children_.emplace_back(std::move(name), std::move(module));
    return reference;
  }

 private:
  bool training_ = true, statistics_ = true;
  std::vector<NamedParameter> parameters_;
  std::vector<NamedBuffer> buffers_;
  std::vector<std::pair<std::string, std::unique_ptr<Module>>> children_;
};

}  // namespace cambium
