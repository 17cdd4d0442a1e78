// libFuzzer target: the unpickler and what looks for tensors in its graph, without a zip around them.
#include "cambium/error.h"
#include "weights/tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cambium;
  const std::filesystem::path path = "fuzz";
  const WeightsSource source{path, {data, size}};
  try {
    std::vector<std::string> opaque;
    const PickleGraph graph = read_pickle(source, 0, size);
    for (const FoundNetwork& network : find_networks(source, graph, opaque))
      for (const NamedRef& found : network.tensors)
        read_tensor(source, graph, found.ref, found.name,
                    [&](Storage& storage, PickleRef, const std::string&) { storage.end = size; });
  } catch (const Error&) {
  }
  return 0;
}
