#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>

#include "weights/index.h"

namespace cambium {

/// As what weights files keep numbers of `type`, if they do.
std::optional<ElementType> stored_type(at::ScalarType type);

/// A tensor of its own, in order in memory, of the elements that lie at `bytes`. Throws Error{Data} for a type of
/// number that is not read.
at::Tensor tensor_of(const StoredTensor& stored, const std::uint8_t* bytes, const std::filesystem::path& path);

}  // namespace cambium
