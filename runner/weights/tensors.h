#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weights/pickle.h"

namespace cambium {

/// The numbers that tensors of a pickle are views of.
struct Storage {
  std::string key;
  ElementType type = ElementType::F32;
  bool untyped = false;            ///< counted in bytes; the tensor says its type
  std::int64_t count = 0;          ///< as the pickle says
  std::size_t begin = 0, end = 0;  ///< bytes of the file
};

/// Reads a persistent id ("storage", class, key, device, count, ...). Nothing if it is no storage; the bytes are left
/// open. Fails for a type of number that is not read, naming it.
std::optional<Storage> storage_of(const WeightsSource& source, const PickleGraph& graph, PickleRef id);

/// Finds where a storage's bytes lie, for a tensor called `name`.
using Locate = std::function<void(Storage& storage, PickleRef id, const std::string& name)>;

/// Whether `ref` is a tensor or a parameter, as torch.save writes them.
bool is_tensor(const PickleGraph& graph, PickleRef ref);

/// The tensor, checked against its storage.
StoredTensor read_tensor(const WeightsSource& source, const PickleGraph& graph, PickleRef ref, const std::string& name,
                         const Locate& locate);

/// A tensor's name and place in the graph.
struct NamedRef {
  std::string name;
  PickleRef ref = kNoValue;
};

/// The network's tensors in whatever the file holds: a state_dict, one nested below "state_dict", "model", ..., a whole
/// module, a scripted module. A prefix that a wrapper gave to all names ("module.", "_orig_mod.") is taken off. Fails
/// if there is none or more than one. What is left alone goes to `opaque`.
std::vector<NamedRef> find_tensors(const WeightsSource& source, const PickleGraph& graph,
                                   std::vector<std::string>& opaque);

}  // namespace cambium
