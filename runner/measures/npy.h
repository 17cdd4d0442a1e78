#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace cambium::measures {

/// The bytes of an .npy file of format 1.0 (NumPy enhancement proposal 1), C order, little-endian: '<f4' for a floating
/// tensor, '<i8' for integers.
std::string npy(const at::Tensor& tensor);

}  // namespace cambium::measures
