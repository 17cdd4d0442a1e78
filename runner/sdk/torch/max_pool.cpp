#include "max_pool.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>

// The widest instructions that this CPU has, found when the library is loaded.
#define CAMBIUM_FOR_THIS_CPU __attribute__((target_clones("default", "arch=haswell")))

namespace cambium::nn {
namespace {

/// Of one image: channels, height, width, and what windows make of the last two.
struct Extent {
  std::int64_t channels, height, width, down, across;

  std::int64_t in() const { return channels * height * width; }
  std::int64_t out() const { return channels * down * across; }
};

std::int64_t count_along(std::int64_t side, const Windows& w) {
  const std::int64_t room = side + 2 * w.padding - w.kernel;
  const std::int64_t count = (w.ceil ? room + w.stride - 1 : room) / w.stride + 1;
  // A window that begins in the padding beyond the map has nothing in it.
  return w.ceil && (count - 1) * w.stride >= side + w.padding ? count - 1 : count;
}

Extent extent_of(const at::Tensor& x, const Windows& w) {
  return {x.size(1), x.size(2), x.size(3), count_along(x.size(2), w), count_along(x.size(3), w)};
}

/// Calls f(out, in, place) for each place of each window that lies in the map: the offsets of its channels in what goes
/// out and in what came in, and its number in the window.
template <class F>
[[gnu::always_inline]] inline void each_place(const Extent& e, const Windows& w, F f) {
  for (std::int64_t oy = 0; oy < e.down; ++oy)
    for (std::int64_t ox = 0; ox < e.across; ++ox) {
      const std::int64_t top = oy * w.stride - w.padding, left = ox * w.stride - w.padding;
      for (std::int64_t ky = std::max<std::int64_t>(0, -top); ky < std::min(w.kernel, e.height - top); ++ky)
        for (std::int64_t kx = std::max<std::int64_t>(0, -left); kx < std::min(w.kernel, e.width - left); ++kx)
          f((oy * e.across + ox) * e.channels, ((top + ky) * e.width + left + kx) * e.channels,
            std::int32_t(ky * w.kernel + kx));
    }
}

/// The first of the greatest wins, and a NaN over all.
CAMBIUM_FOR_THIS_CPU void find(const float* x, float* y, std::int32_t* where, const Extent& e, const Windows& w) {
  std::fill(y, y + e.out(), -std::numeric_limits<float>::infinity());
  std::fill(where, where + e.out(), std::int32_t(-1));
  each_place(e, w, [&](std::int64_t out, std::int64_t in, std::int32_t place) {
    const float* __restrict from = x + in;
    float* __restrict best = y + out;
    std::int32_t* __restrict at = where + out;
    for (std::int64_t c = 0; c < e.channels; ++c) {
      const bool taken = (from[c] > best[c]) | (from[c] != from[c]) | (at[c] < 0);
      best[c] = taken ? from[c] : best[c];
      at[c] = taken ? place : at[c];
    }
  });
}

CAMBIUM_FOR_THIS_CPU void find(const float* x, float* y, const Extent& e, const Windows& w) {
  std::fill(y, y + e.out(), -std::numeric_limits<float>::infinity());
  each_place(e, w, [&](std::int64_t out, std::int64_t in, std::int32_t) {
    const float* __restrict from = x + in;
    float* __restrict best = y + out;
    for (std::int64_t c = 0; c < e.channels; ++c)
      best[c] = (from[c] > best[c]) | (from[c] != from[c]) ? from[c] : best[c];
  });
}

CAMBIUM_FOR_THIS_CPU void give_back(float* x, const float* y, const std::int32_t* where, const Extent& e,
                                    const Windows& w) {
  each_place(e, w, [&](std::int64_t out, std::int64_t in, std::int32_t place) {
    float* __restrict to = x + in;
    const float* __restrict from = y + out;
    const std::int32_t* __restrict at = where + out;
    for (std::int64_t c = 0; c < e.channels; ++c) to[c] += at[c] == place ? from[c] : 0.0f;
  });
}

template <class F>
void each_image(std::int64_t count, F f) {
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) f(n);
  });
}

at::Tensor made(std::int64_t count, const Extent& e, c10::ScalarType type) {
  return at::empty({count, e.channels, e.down, e.across},
                   at::TensorOptions().dtype(type).memory_format(at::MemoryFormat::ChannelsLast));
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct MaxPool : torch::autograd::Function<MaxPool> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const Windows& windows) {
    const Extent e = extent_of(x, windows);
    const at::Tensor y = made(x.size(0), e, at::kFloat), where = made(x.size(0), e, at::kInt);
    const float* from = x.data_ptr<float>();
    float* to = y.data_ptr<float>();
    auto* at = where.data_ptr<std::int32_t>();
    each_image(x.size(0),
               [&](std::int64_t n) { find(from + n * e.in(), to + n * e.out(), at + n * e.out(), e, windows); });
    context->save_for_backward({where});
    context->saved_data["sides"] = std::vector<std::int64_t>{e.height, e.width};
    context->saved_data["windows"] =
        std::vector<std::int64_t>{windows.kernel, windows.stride, windows.padding, windows.ceil};
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto sides = context->saved_data["sides"].toIntVector(), w = context->saved_data["windows"].toIntVector();
    const Windows windows{w[0], w[1], w[2], w[3] != 0};
    const at::Tensor where = context->get_saved_variables()[0],
                     y = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const Extent e{y.size(1), sides[0], sides[1], y.size(2), y.size(3)};
    at::Tensor x = at::empty({y.size(0), e.channels, e.height, e.width},
                             at::TensorOptions().dtype(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast))
                       .zero_();
    const float* from = y.data_ptr<float>();
    float* to = x.data_ptr<float>();
    const auto* at = where.data_ptr<std::int32_t>();
    each_image(y.size(0),
               [&](std::int64_t n) { give_back(to + n * e.in(), from + n * e.out(), at + n * e.out(), e, windows); });
    return {x, {}};
  }
};

}  // namespace

bool max_pool_takes(const at::Tensor& x) {
  return x.dim() == 4 && x.scalar_type() == at::kFloat && x.numel() > 0 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor max_pool(const at::Tensor& x, const Windows& windows) {
  if (at::GradMode::is_enabled() && x.requires_grad()) return MaxPool::apply(x, windows);
  const Extent e = extent_of(x, windows);
  at::Tensor y = made(x.size(0), e, at::kFloat);
  const float* from = x.data_ptr<float>();
  float* to = y.data_ptr<float>();
  each_image(x.size(0), [&](std::int64_t n) { find(from + n * e.in(), to + n * e.out(), e, windows); });
  return y;
}

}  // namespace cambium::nn
