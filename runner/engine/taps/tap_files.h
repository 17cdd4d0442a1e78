#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>

#include "engine/data/kept_rows.h"

namespace cambium {

/// The files of taps that a worker has open, the one used last first: a sweep comes back to the same ones.
class TapFiles {
 public:
  /// The file of `key` in `folder`, made where it is missing: of the others, those used longest ago make room, so that
  /// all are not more than `max_bytes`. Null where there is no room even so. `expected`: rows that will be kept.
  std::shared_ptr<KeptRows> open(const std::filesystem::path& folder, const KeptKey& key, std::int64_t expected,
                                 std::int64_t max_bytes);

 private:
  std::list<std::shared_ptr<KeptRows>> open_;
};

}  // namespace cambium
