#include "engine/train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <set>
#include <stdexcept>

namespace cambium {

Optimizer::Optimizer(const Params& settings) {
  const std::string& kind = settings.string("optimizer");
  if (kind == "sgd") {
    momentum_ = settings.number("momentum");
    nesterov_ = settings.boolean("nesterov");
    return;
  }
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
      at::Tensor gradient = value.grad();
      if (group.weight_decay != 0 && kind_ != Kind::AdamW) gradient = gradient.add(value, group.weight_decay);
      Moments& moments = moments_[name];
      ++moments.steps;
      if (kind_ == Kind::Sgd)
        sgd(value, gradient, moments, rate);
      else
        adam(value, gradient, moments, rate, group.weight_decay);
    }
  }
}

void Optimizer::sgd(at::Tensor& value, at::Tensor gradient, Moments& moments, double rate) const {
  if (momentum_ != 0) {
    if (moments.first.defined())
      moments.first.mul_(momentum_).add_(gradient);
    else
      moments.first = gradient.clone();
    gradient = nesterov_ ? gradient.add(moments.first, momentum_) : moments.first;
  }
  value.add_(gradient, -rate);
}

void Optimizer::adam(at::Tensor& value, at::Tensor gradient, Moments& moments, double rate, double decay) const {
  if (kind_ == Kind::AdamW) value.mul_(1 - rate * decay);
  if (!moments.first.defined()) {
    moments.first = at::zeros_like(value);
    moments.second = at::zeros_like(value);
  }
  moments.first.mul_(beta1_).add_(gradient, 1 - beta1_);
  moments.second.mul_(beta2_).addcmul_(gradient, gradient, 1 - beta2_);
  const double first_bias = 1 - std::pow(beta1_, double(moments.steps)),
               second_bias = 1 - std::pow(beta2_, double(moments.steps));
  const at::Tensor deviation = moments.second.sqrt().div_(std::sqrt(second_bias)).add_(eps_);
  value.addcdiv_(moments.first, deviation, -rate / first_bias);
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
