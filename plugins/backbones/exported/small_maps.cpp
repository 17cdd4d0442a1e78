#include "small_maps.h"

#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>

#include <vector>

namespace cambium::exported {

void crop_kernel(const Operation& convolution, torch::jit::Stack& stack) {
  const auto argument = [&](const char* name) -> c10::IValue& { return stack[std::size_t(convolution.find(name))]; };
  const auto all = [](const c10::IValue& list, std::int64_t number) {
    if (!list.isIntList()) return false;
    for (const std::int64_t one : list.toIntVector())
      if (one != number) return false;
    return true;
  };
  if (argument("groups").toInt() == 1 || !all(argument("stride"), 1) || !all(argument("dilation"), 1)) return;
  const at::Tensor x = argument("input").toTensor();
  at::Tensor weight = argument("weight").toTensor();
  if (x.dim() != 4 || weight.dim() != 4) return;
  c10::IValue& padding = argument("padding");
  const bool same = padding.isString() && padding.toStringRef() == "same";
  std::vector<std::int64_t> sides = {(weight.size(2) - 1) / 2, (weight.size(3) - 1) / 2};
  if (!same) {
    if (!padding.isIntList()) return;
    const auto given = padding.toIntVector();
    if (given.empty() || given.front() != sides[0] || given.back() != sides[1]) return;
  }
  bool cropped = false;
  for (std::size_t d = 0; d < 2; ++d) {
    const auto dimension = std::int64_t(d) + 2;
    const std::int64_t kernel = weight.size(dimension), reach = x.size(dimension) - 1;
    if (kernel % 2 == 0 || sides[d] <= reach) continue;
    weight = weight.narrow(dimension, sides[d] - reach, 2 * reach + 1);
    sides[d] = reach;
    cropped = true;
  }
  if (!cropped) return;
  argument("weight") = weight;
  if (!same) padding = c10::List<std::int64_t>({sides[0], sides[1]});
}

}  // namespace cambium::exported
