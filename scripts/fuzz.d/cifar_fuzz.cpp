// libFuzzer target: the check of CIFAR's records; the first byte chooses between CIFAR-10 and CIFAR-100.
#include "cambium/error.h"
#include "records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cambium;
  if (size == 0) return 0;
  const RecordLayout layout = data[0] % 2 == 0 ? RecordLayout{"CIFAR-10", 1} : RecordLayout{"CIFAR-100", 2};
  try {
    check_records(layout, "fuzz", {data + 1, size - 1});
    if ((size - 1) % layout.record() != 0) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
