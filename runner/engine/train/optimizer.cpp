#include "engine/train/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "engine/train/updates.h"

namespace cambium {
namespace {

constexpr std::int64_t kGrain = 1 << 15;  ///< numbers that are worth a thread

template <class T>
constexpr auto kTypeOf = c10::CppTypeToScalarType<T>::value;

/// `tensor` with its numbers in the order in which those of `like` lie in memory.
at::Tensor laid_out_as(const at::Tensor& like, const at::Tensor& tensor) {
  if (tensor.strides() == like.strides() && tensor.scalar_type() == like.scalar_type()) return tensor;
  return at::empty_like(like).copy_(tensor);
}

}  // namespace

Optimizer::Optimizer(const Params& settings) {
  const std::string& kind = settings.string("optimizer");
  if (kind == "sgd") {
    momentum_ = settings.number("momentum");
    nesterov_ = settings.boolean("nesterov");
    return;
  }
  if (kind == "lbfgs") return;  // fit_lbfgs() does without steps
  kind_ = kind == "adam" ? Kind::Adam : Kind::AdamW;
  beta1_ = settings.number("beta1");
  beta2_ = settings.number("beta2");
  eps_ = settings.number("eps");
}

void Optimizer::set_groups(std::vector<ParameterGroup> groups) {
  groups_ = std::move(groups);
  std::map<std::string, Moments> kept;
  std::set<const void*> seen;
  for (const ParameterGroup& group : groups_)
    for (const auto& [name, value] : group.parameters) {
      if (!seen.insert(value.unsafeGetTensorImpl()).second)
        throw std::logic_error(name + " is in two parameter groups");
      if (const auto found = moments_.find(name); found != moments_.end()) kept[name] = found->second;
    }
  moments_ = std::move(kept);
}

void Optimizer::zero_grad() {
  for (ParameterGroup& group : groups_)
    for (auto& [name, value] : group.parameters) value.mutable_grad() = at::Tensor();
}

void Optimizer::step(double learning_rate, double factor, std::optional<double> momentum) {
  at::NoGradGuard no_grad;
  if (momentum) (kind_ == Kind::Sgd ? momentum_ : beta1_) = *momentum;
  for (ParameterGroup& group : groups_) {
    const double rate = group.learning_rate.value_or(learning_rate * group.rate) * factor;
    for (auto& [name, value] : group.parameters) {
      if (!value.grad().defined()) continue;
      Moments& moments = moments_[name];
      ++moments.steps;
      if (value.scalar_type() == at::kDouble)
        update<double>(value, moments, rate, group.weight_decay);
      else
        update<float>(value, moments, rate, group.weight_decay);
    }
  }
}

template <class T>
void Optimizer::update(at::Tensor& value, Moments& moments, double rate, double decay) const {
  const bool plain = value.scalar_type() == kTypeOf<T> && value.is_non_overlapping_and_dense();
  at::Tensor values = plain ? value : value.to(kTypeOf<T>).contiguous();
  const at::Tensor gradient = laid_out_as(values, value.grad());
  const bool begins = !moments.first.defined();
  if (kind_ != Kind::Sgd || momentum_ != 0)
    moments.first = begins ? at::zeros_like(values) : laid_out_as(values, moments.first);
  if (kind_ != Kind::Sgd) moments.second = begins ? at::zeros_like(values) : laid_out_as(values, moments.second);
  Numbers<T> all{values.data_ptr<T>(), gradient.data_ptr<T>(),
                 moments.first.defined() ? moments.first.data_ptr<T>() : nullptr,
                 moments.second.defined() ? moments.second.data_ptr<T>() : nullptr};
  at::parallel_for(0, values.numel(), kGrain, [&](std::int64_t from, std::int64_t to) {
    if (kind_ == Kind::Sgd)
      sgd(all, from, to, SgdStep<T>{T(rate), T(decay), T(momentum_), nesterov_, begins});
    else
      adam(all, from, to, adam_step<T>(moments.steps, rate, decay));
  });
  if (!plain) value.copy_(values);
}

template <class T>
AdamStep<T> Optimizer::adam_step(std::int64_t steps, double rate, double decay) const {
  const double first_bias = 1 - std::pow(beta1_, double(steps)), second_bias = 1 - std::pow(beta2_, double(steps));
  const bool apart = kind_ == Kind::AdamW;
  return {T(apart ? 0 : decay), T(apart ? 1 - rate * decay : 1), T(beta1_), T(1 - beta1_),        T(beta2_),
          T(1 - beta2_),        T(std::sqrt(second_bias)),       T(eps_),   T(-rate / first_bias)};
}

TensorMap Optimizer::state() const {
  TensorMap state;
  for (const auto& [name, moments] : moments_) {
    if (moments.first.defined()) state[name + "/first"] = moments.first;
    if (moments.second.defined()) state[name + "/second"] = moments.second;
    state[name + "/steps"] = at::full({}, double(moments.steps), at::TensorOptions().dtype(at::kDouble));
  }
  return state;
}

void Optimizer::load_state(const TensorMap& state) {
  moments_.clear();
  for (const auto& [key, value] : state) {
    const auto slash = key.rfind('/');
    Moments& moments = moments_[key.substr(0, slash)];
    const std::string what = key.substr(slash + 1);
    if (what == "first")
      moments.first = value.clone();
    else if (what == "second")
      moments.second = value.clone();
    else
      moments.steps = std::int64_t(value.item<double>());
  }
}

}  // namespace cambium
