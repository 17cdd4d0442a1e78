#pragma once

#include <cstddef>
#include <functional>

namespace cambium {

/// Calls work(0) .. work(count - 1) on as many threads as LibTorch computes with. Rethrows what the first of them in
/// order threw.
void each_in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace cambium
