#include "engine/data/geometry/parallel.h"

#include <ATen/Parallel.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace cambium {

std::size_t usable_cpus() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::size_t(std::max(1, CPU_COUNT(&set))) : 1;
}

void each_in_parallel(std::size_t count, const std::function<void(std::size_t)>& work, std::size_t most) {
  const std::size_t threads = std::min(count, most > 0 ? most : std::size_t(std::max(1, at::get_num_threads())));
  std::vector<std::exception_ptr> thrown(count);
  std::atomic<std::size_t> next = 0;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++) try {
        work(i);
      } catch (...) {
        thrown[i] = std::current_exception();
      }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t t = 1; t < threads; ++t) others.emplace_back(loop);
    loop();
  }
  for (const std::exception_ptr& error : thrown)
    if (error) std::rethrow_exception(error);
}

}  // namespace cambium
