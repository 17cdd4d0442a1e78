#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "plan/resolver.h"

namespace cambium {

/// Asks a worker about plugins, and keeps its answers on disk: by the plugin files' stamps (path, size, times, inode)
/// and, for data, by the stamps of the files that were read. Known answers start no worker. A cache that cannot be
/// written is done without.
class WorkerResolver : public Resolver {
 public:
  explicit WorkerResolver(std::vector<std::filesystem::path> plugin_dirs);
  ~WorkerResolver() override;

  const Description& describe() override;
  std::vector<DatasetFacts> datasets(const std::vector<DatasetRequest>& requests) override;
  std::vector<NetworkInfo> networks(const std::vector<NetworkRequest>& requests) override;
  std::vector<OverlapFacts> overlaps(const std::vector<OverlapRequest>& requests) override;
  std::vector<WeightsFit> weights(const std::vector<WeightsRequest>& requests) override;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

/// Takes all answers away that are kept, so that the next start asks anew: for when one turned out to be wrong.
void forget_answers();

}  // namespace cambium
