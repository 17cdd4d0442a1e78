#pragma once

#include <map>
#include <string>
#include <vector>

#include "weights/source.h"
#include "weights/zip.h"

namespace cambium {

/// What an archive by torch.export.save holds: where its tensors and its graph lie.
struct ExportedIndex {
  WeightsIndex weights;                 ///< the state dict: parameters and persistent buffers
  std::vector<StoredTensor> constants;  ///< other tensors that the graph reads
  ZipMember graph;                      ///< the JSON of torch's _export/serde/schema.py
};

/// Whether a zip with these members is one, or a package of its kin that index_exported() names and refuses.
bool is_exported(const std::map<std::string, ZipMember>& members);

/// Indexes it, in the layout of PyTorch 2.9 and later (raw tensors), of 2.8 (torch.save below data/) or of 2.5 to 2.7
/// (serialized_*). What is pickled is read by the restricted unpickler; sample inputs never are. Throws Error{Data}.
ExportedIndex index_exported(const WeightsSource& source, const std::map<std::string, ZipMember>& members);

}  // namespace cambium
