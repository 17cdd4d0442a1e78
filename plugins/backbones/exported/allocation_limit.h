#pragma once

#include <cstdint>

namespace cambium::exported {

/// While it lives, this thread may have LibTorch allocate so many bytes in all; whoever asks for more gets an
/// Error{Plugin}. For the first run of a network that nobody has seen before: no size in it eats the machine.
class AllocationLimit {
 public:
  explicit AllocationLimit(std::int64_t bytes);
  ~AllocationLimit();
  AllocationLimit(const AllocationLimit&) = delete;
  AllocationLimit& operator=(const AllocationLimit&) = delete;
};

/// Half of the machine's memory.
std::int64_t half_of_memory();

}  // namespace cambium::exported
