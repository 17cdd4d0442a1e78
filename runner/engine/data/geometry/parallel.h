#pragma once

#include <cstddef>
#include <functional>

namespace cambium {

/// Calls work(0) .. work(count - 1) on `most` threads; 0: on as many as LibTorch computes with. Rethrows what the first
/// of them in order threw.
void each_in_parallel(std::size_t count, const std::function<void(std::size_t)>& work, std::size_t most = 0);

/// The CPUs that this process may run on.
std::size_t usable_cpus();

}  // namespace cambium
