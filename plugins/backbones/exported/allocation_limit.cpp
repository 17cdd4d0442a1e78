#include "allocation_limit.h"

#include <c10/core/CPUAllocator.h>
#include <unistd.h>

#include <string>

#include "cambium/error.h"

namespace cambium::exported {
namespace {

thread_local std::int64_t left = -1;  // below 0: no limit

/// The allocator that there was, which this one asks.
class Limited : public c10::Allocator {
 public:
  explicit Limited(c10::Allocator& under) : under_(under) {}
  c10::DataPtr allocate(std::size_t bytes) const override {
    if (left >= 0) {
      if (bytes > std::size_t(left))
        throw Error(
            ErrorKind::Plugin,
            "the network wants " + std::to_string(bytes >> 20) + " MiB for one tensor of a few images",
            "that is more than half of this machine's memory: smaller images, a smaller network, or the file is "
            "damaged");
      left -= std::int64_t(bytes);
    }
    return under_.allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return under_.raw_deleter(); }

 private:
  c10::Allocator& under_;
};

}  // namespace

AllocationLimit::AllocationLimit(std::int64_t bytes) {
  static const bool once = [] {
    static Limited limited(*c10::GetCPUAllocator());
    c10::SetCPUAllocator(&limited, 1);
    return true;
  }();
  (void)once;
  left = bytes;
}

AllocationLimit::~AllocationLimit() { left = -1; }

std::int64_t half_of_memory() { return std::int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE) / 2; }

}  // namespace cambium::exported
