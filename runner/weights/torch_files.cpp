#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "weights/exported.h"
#include "weights/saved_zip.h"

namespace cambium {
namespace {

using Kind = PickleValue::Kind;

void read_tensors(const WeightsSource& source, const PickleGraph& graph, const Locate& locate, WeightsIndex& index) {
  index.places.clear();
  for (const FoundNetwork& network : find_networks(source, graph, index.opaque)) {
    for (const NamedRef& found : network.tensors) {
      index.tensors.push_back(read_tensor(source, graph, found.ref, found.name, locate));
      index.tensors.back().place = index.places.size();
    }
    index.places.push_back(network.key);
  }
}

/// What a zip that torch.save did not write seems to be.
[[noreturn]] void refuse_zip(const WeightsSource& source, const std::map<std::string, ZipMember>& members) {
  const auto any = [&](auto test) {
    return std::any_of(members.begin(), members.end(), [&](const auto& member) { return test(member.first); });
  };
  if (any([](const std::string& name) { return name.ends_with("model.weights.h5"); }))
    source.fail("is what Keras saves (.keras)", "convert the weights to safetensors");
  if (any([](const std::string& name) { return name.ends_with(".npy"); }))
    source.fail("is an archive of NumPy arrays (.npz)",
                "save a dictionary of named tensors with torch.save or safetensors");
  if (any([](const std::string& name) { return name.find("/.data/") != std::string::npos; }))
    source.fail("is what torch.package saves", "save the network's state_dict() with torch.save");
  source.fail("is a zip without the data.pkl that torch.save writes",
              "if it is a packed folder, unpack it and name the file inside");
}

/// The old format: magic number, protocol, system, the pickle, the storages' keys, each storage with its length.
class LegacyReader {
 public:
  explicit LegacyReader(const WeightsSource& source) : source_(source) {}

  WeightsIndex read() {
    next();  // the magic number
    if (const PickleGraph protocol = next();
        protocol[protocol.root].kind != Kind::Integer || protocol[protocol.root].integer != 1001)
      source_.fail("is of another protocol than 1001");
    if (const PickleGraph system = next(); true) {
      const PickleRef little = system.find(system.root, "little_endian");
      if (little != kNoValue && system[little].kind == Kind::Boolean && system[little].integer == 0)
        source_.fail("was written on a big-endian machine", "load and save it on a little-endian one");
    }
    const PickleGraph graph = next();
    const PickleGraph keys = next();
    place_storages(graph, keys);
    WeightsIndex index;
    index.format = WeightsFormat::Legacy;
    read_tensors(
        source_, graph,
        [&](Storage& storage, PickleRef id, const std::string& name) { locate(graph, storage, id, name); }, index);
    return index;
  }

 private:
  struct Bytes {
    std::size_t begin = 0, end = 0;
  };

  PickleGraph next() {
    PickleGraph graph = read_pickle(source_, at_, source_.bytes.size());
    at_ = graph.end;
    return graph;
  }

  /// Each storage's length stands before it, in numbers of the type that the pickle gives it.
  void place_storages(const PickleGraph& graph, const PickleGraph& keys) {
    std::map<std::string, std::size_t> sizes;
    for (PickleRef ref = 0; ref < graph.values.size(); ++ref)
      if (graph[ref].kind == Kind::PersistentId)
        if (const auto storage = storage_of(source_, graph, ref)) {
          if (!storage->unread.empty())
            source_.fail(fmt::format("keeps numbers as {}, which are not read", storage->unread),
                         "convert the network to float32 before it is saved");
          sizes[storage->key] = element_size(storage->type);
        }
    if (keys[keys.root].kind != Kind::List) source_.fail("does not list its storages");
    for (PickleRef ref : keys[keys.root].items) {
      const std::string key(keys[ref].text);
      const auto size = sizes.find(key);
      if (keys[ref].kind != Kind::Text || size == sizes.end())
        source_.fail(fmt::format("has a storage {} of no tensor", key));
      if (source_.bytes.size() - at_ < 8) source_.fail(fmt::format("is cut short before storage {}", key));
      const auto count = source_.number<std::int64_t>(at_);
      at_ += 8;
      if (count < 0 || std::size_t(count) > (source_.bytes.size() - at_) / size->second)
        source_.fail(fmt::format("is cut short in storage {}, which has {} numbers", key, count));
      const std::size_t end = at_ + std::size_t(count) * size->second;
      if (!storages_.emplace(key, Bytes{at_, end}).second) source_.fail(fmt::format("has two storages {}", key));
      at_ = end;
    }
  }

  void locate(const PickleGraph& graph, Storage& storage, PickleRef id, const std::string& name) const {
    const auto found = storages_.find(storage.key);
    if (found == storages_.end())
      source_.fail(fmt::format("lacks storage {}, of which tensor {} is", storage.key, name));
    storage.begin = found->second.begin;
    storage.end = found->second.end;
    // A view of a storage: (key, offset, count).
    const auto& tuple = graph[graph[id].arguments].items;
    if (tuple.size() < 6 || graph[tuple[5]].kind == Kind::None) return;
    const PickleValue& view = graph[tuple[5]];
    const std::size_t size = element_size(storage.type), there = (storage.end - storage.begin) / size;
    const auto number = [&](std::size_t i) {
      const PickleValue& value = graph[view.items[i]];
      return value.kind == Kind::Integer && value.integer >= 0 ? std::size_t(value.integer) : there + 1;
    };
    if (view.kind != Kind::Tuple || view.items.size() != 3 || number(1) > there || number(2) > there - number(1))
      source_.fail(fmt::format("lets tensor {} look at storage {} past its end", name, storage.key));
    storage.begin += number(1) * size;
    storage.end = storage.begin + number(2) * size;
  }

  const WeightsSource& source_;
  std::size_t at_ = 0;
  std::map<std::string, Bytes> storages_;
};

}  // namespace

WeightsIndex index_zip(const WeightsSource& source) {
  auto members = read_zip(source);
  if (is_exported(members)) return index_exported(source, members).weights;
  const auto zip = read_saved_zip(source, members);
  if (!zip) refuse_zip(source, members);
  WeightsIndex index;
  index.format = zip->has("constants.pkl") ? WeightsFormat::TorchScript : WeightsFormat::Zip;
  read_tensors(source, zip->graph, zip->locate(source), index);
  return index;
}

WeightsIndex index_legacy(const WeightsSource& source) { return LegacyReader(source).read(); }

}  // namespace cambium
