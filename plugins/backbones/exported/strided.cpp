#include "strided.h"

#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>

namespace cambium::exported {

void take_strides(const Operation& convolution, torch::jit::Stack& stack) {
  const auto argument = [&](const char* name) -> c10::IValue& { return stack[std::size_t(convolution.find(name))]; };
  const at::Tensor x = argument("input").toTensor(), weight = argument("weight").toTensor();
  if (x.dim() != 4 || weight.dim() != 4 || weight.size(2) != 1 || weight.size(3) != 1 || x.size(1) % 8 == 0) return;
  if (!argument("stride").isIntList() || !argument("padding").isIntList()) return;
  const auto stride = argument("stride").toIntVector(), padding = argument("padding").toIntVector();
  if (stride.empty() || (stride.front() == 1 && stride.back() == 1)) return;
  for (const std::int64_t side : padding)
    if (side != 0) return;
  argument("input") = x.slice(2, 0, x.size(2), stride.front()).slice(3, 0, x.size(3), stride.back());
  argument("stride") = c10::List<std::int64_t>({1, 1});
}

}  // namespace cambium::exported
