#pragma once

#include <map>
#include <optional>
#include <string>

#include "weights/tensors.h"
#include "weights/zip.h"

namespace cambium {

/// A zip as torch.save writes it: the pickle in its data.pkl, and the storages beside it.
struct SavedZip {
  std::map<std::string, ZipMember> members;
  std::string root;  ///< the folder that all is in, "archive/"
  PickleGraph graph;

  bool has(const std::string& name) const { return members.count(root + name) != 0; }
  /// Finds storages in the members. Both must outlive it.
  Locate locate(const WeightsSource& source) const;
};

/// Nothing where none of `members` is a data.pkl. Throws Error{Data}.
std::optional<SavedZip> read_saved_zip(const WeightsSource& source, std::map<std::string, ZipMember> members);

/// Fails where a member is packed.
void must_be_stored(const WeightsSource& source, const std::string& name, const ZipMember& member);

}  // namespace cambium
