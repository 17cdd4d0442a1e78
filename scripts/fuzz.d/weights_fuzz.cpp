// libFuzzer target: every format of weights file. What the reader lets through lies within the file.
#include <cstdlib>

#include "cambium/error.h"
#include "weights/index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cambium;
  try {
    for (const StoredTensor& tensor : index_weights("fuzz", {data, size}).tensors) {
      if (tensor.count() == 0 || !tensor.unread.empty()) continue;
      std::size_t last = tensor.begin;
      for (std::size_t d = 0; d < tensor.shape.size(); ++d)
        last += std::size_t((tensor.shape[d] - 1) * tensor.strides[d]) * element_size(tensor.type);
      if (last + element_size(tensor.type) > size) std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
