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
  std::string unread;              ///< a type of number that is not read
  std::int64_t count = 0;          ///< as the pickle says
  std::size_t begin = 0, end = 0;  ///< bytes of the file
};

/// Reads a persistent id ("storage", class, key, device, count, ...). Nothing if it is no storage; the bytes are left
/// open.
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

/// Tensors that may be a network's, and the key that leads to them: "" or "state_dict" or "checkpoint.model".
struct FoundNetwork {
  std::string key;
  std::vector<NamedRef> tensors;
};

/// What may be a network in whatever the file holds: a state_dict, those nested below "state_dict", "model", ..., whole
/// modules, a scripted module; the likeliest first. Fails if there is none. What is left alone goes to `opaque`.
std::vector<FoundNetwork> find_networks(const WeightsSource& source, const PickleGraph& graph,
                                        std::vector<std::string>& opaque);

}  // namespace cambium
