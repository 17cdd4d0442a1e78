#pragma once

#include <cmath>
#include <cstdint>

namespace cambium {

/// A parameter, its gradient, and what an optimizer keeps of it, in one order.
template <class T>
struct Numbers {
  T* value;
  const T* gradient;
  T *first, *second;  ///< null where there is none
};

template <class T>
struct SgdStep {
  T rate, decay, momentum;
  bool nesterov;
  bool begins;  ///< no step was taken before
};

/// Numbers [from, to), in the order of torch::optim::SGD's operations.
template <class T>
void sgd(const Numbers<T>& all, std::int64_t from, std::int64_t to, const SgdStep<T>& step) {
  T* __restrict value = all.value;
  T* __restrict velocity = all.first;
  const T* __restrict gradient = all.gradient;
  const auto [rate, decay, momentum, nesterov, begins] = step;
  if (momentum == 0) {
    for (std::int64_t i = from; i < to; ++i) value[i] -= rate * (gradient[i] + decay * value[i]);
    return;
  }
  const T kept = begins ? 0 : momentum;
  for (std::int64_t i = from; i < to; ++i) {
    const T g = gradient[i] + decay * value[i];
    velocity[i] = velocity[i] * kept + g;
    value[i] -= rate * (nesterov ? g + momentum * velocity[i] : velocity[i]);
  }
}

template <class T>
struct AdamStep {
  T decay;   ///< added to the gradient
  T shrink;  ///< what the value is first multiplied by
  T beta1, rest1, beta2, rest2;
  T root_of_bias, eps;
  T minus_rate;  ///< over the first moment's bias
};

/// Numbers [from, to), in the order of torch::optim::Adam's and AdamW's operations.
template <class T>
void adam(const Numbers<T>& all, std::int64_t from, std::int64_t to, const AdamStep<T>& step) {
  T* __restrict value = all.value;
  T* __restrict first = all.first;
  T* __restrict second = all.second;
  const T* __restrict gradient = all.gradient;
  const auto [decay, shrink, beta1, rest1, beta2, rest2, root_of_bias, eps, minus_rate] = step;
  for (std::int64_t i = from; i < to; ++i) {
    const T v = value[i] * shrink, g = gradient[i] + decay * v;
    first[i] = first[i] * beta1 + rest1 * g;
    second[i] = second[i] * beta2 + rest2 * g * g;
    value[i] = v + minus_rate * first[i] / (std::sqrt(second[i]) / root_of_bias + eps);
  }
}

}  // namespace cambium
