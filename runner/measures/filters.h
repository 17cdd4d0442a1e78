#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace cambium::measures {

/// A picture of convolution filters [O, C, H, W]: uint8 [rows, columns, 3 or 1], the filters in reading order in a grid
/// that is as good as square, with a gap between. Each filter is stretched from its least to its greatest value and
/// drawn `scale` times as large (0: as makes it 16 pixels or more). Three channels are a colour, any other number is
/// averaged to grey.
at::Tensor filter_grid(const at::Tensor& filters, std::int64_t scale = 0);

/// The bytes of a PNG file of uint8 [H, W, 1] (grey) or [H, W, 3] (RGB). Throws Error{System}.
std::string png(const at::Tensor& image);

}  // namespace cambium::measures
