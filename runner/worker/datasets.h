#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "cambium/dataset.h"
#include "plugins/registry.h"
#include "protocol/messages.h"

namespace cambium {

/// The data sets that a worker has in memory: the few that were used last, since a sweep comes back to the same ones.
class Datasets {
 public:
  explicit Datasets(const PluginRegistry& registry) : registry_(registry) {}

  /// Read anew where its files are no longer what they were.
  std::shared_ptr<const Dataset> open(const Component& data, const std::string& root);
  /// open() for a job: the data could be read when the study was checked, so what stands in the way now is the
  /// machine's. It tells so in the loader's own words.
  std::shared_ptr<const Dataset> open_again(const Component& data, const std::string& root);
  /// Whether it is open and its files are no longer what they were.
  bool is_gone(const Component& data, const std::string& root) const;

 private:
  struct Opened {
    std::string key;
    std::shared_ptr<const Dataset> data;
    std::vector<FileStamp> stamps;  ///< of its files when it was read
  };

  const PluginRegistry& registry_;
  std::list<Opened> opened_;  ///< the one used last first
};

/// Tells of a job that cannot go on for what can no longer be read.
struct Blame;
[[noreturn]] void throw_on(const Blame& blame);

}  // namespace cambium
