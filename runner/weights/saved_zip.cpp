#include "weights/saved_zip.h"

#include <fmt/format.h>

#include <algorithm>

namespace cambium {

void must_be_stored(const WeightsSource& source, const std::string& name, const ZipMember& member) {
  if (!member.stored)
    source.fail(fmt::format("has its member {} compressed, which PyTorch never does", name),
                "load it with Python's torch.load or torch.export.load and save it again");
}

Locate SavedZip::locate(const WeightsSource& source) const {
  return [this, &source](Storage& storage, PickleRef, const std::string& name) {
    const auto member = members.find(root + "data/" + storage.key);
    if (member == members.end())
      source.fail(fmt::format("lacks {}data/{}, of which tensor {} is", root, storage.key, name));
    must_be_stored(source, member->first, member->second);
    const std::size_t needed = std::size_t(storage.count) * element_size(storage.type);
    if (needed != member->second.size)
      source.fail(fmt::format("keeps {} bytes in {}, and tensor {} is said to be of {}", member->second.size,
                              member->first, name, needed));
    storage.begin = member->second.begin;
    storage.end = storage.begin + member->second.size;
  };
}

std::optional<SavedZip> read_saved_zip(const WeightsSource& source, std::map<std::string, ZipMember> members) {
  const auto pickle = std::find_if(members.begin(), members.end(), [](const auto& member) {
    const std::size_t slash = member.first.find('/');
    return slash != std::string::npos && member.first.substr(slash) == "/data.pkl";
  });
  if (pickle == members.end()) return std::nullopt;
  must_be_stored(source, pickle->first, pickle->second);
  const ZipMember at = pickle->second;
  SavedZip zip;
  zip.root = pickle->first.substr(0, pickle->first.find('/') + 1);
  zip.members = std::move(members);
  if (const auto order = zip.members.find(zip.root + "byteorder");
      order != zip.members.end() && order->second.stored &&
      source.text(order->second.begin, order->second.size) == "big")
    source.fail("was written on a big-endian machine", "load and save it on a little-endian one");
  zip.graph = read_pickle(source, at.begin, at.begin + at.size);
  return zip;
}

}  // namespace cambium
