#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace cambium {

/// uint8 [..., C, H, W] as images of so many channels: as they are, or grey ones in three equal channels, or those in
/// colour as Pillow's convert("L") has them, bit for bit (the luma of ITU-R 601). Throws Error{Data} for other numbers.
at::Tensor in_channels(const at::Tensor& images, std::int64_t channels);

}  // namespace cambium
