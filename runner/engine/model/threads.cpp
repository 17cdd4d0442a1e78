#include "engine/model/threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace cambium {

void set_threads(int threads) {
  static const bool once = [] {
    at::set_num_interop_threads(1);
    return true;
  }();
  (void)once;
  if (at::get_num_threads() != threads) at::set_num_threads(threads);
  using Limit = void (*)(int);
  if (const auto limit = reinterpret_cast<Limit>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) limit(threads);
}

}  // namespace cambium
