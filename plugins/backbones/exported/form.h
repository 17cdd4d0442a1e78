#pragma once

#include <ATen/core/Tensor.h>

#include "graph.h"

namespace cambium::exported {

/// How a layer gives what crosses a cut, so that the features are what the rest of Cambium takes them for: maps have
/// their channels in the second dimension.
enum class Form : std::uint8_t {
  AsIs,
  ChannelsLast,  ///< [N, H, W, C] is given as [N, C, H, W]
  Tokens         ///< [N, T, C] before a head is given as maps [N, C, T, 1]
};

/// Of `value`, where the operations from place `place` on read it; `to_head`: they are the head.
Form form_of(const Graph& graph, std::size_t place, ValueId value, bool to_head);

at::Tensor to_form(Form form, const at::Tensor& x);
at::Tensor from_form(Form form, const at::Tensor& x);

}  // namespace cambium::exported
