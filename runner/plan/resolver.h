#pragma once

#include <vector>

#include "protocol/messages.h"

namespace cambium {

/// Who answers for plugins: a worker, a cache in front of it, or a test.
class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual const Description& describe() = 0;
  /// One answer a request, in order; what could not be answered holds a failure.
  virtual std::vector<DatasetFacts> datasets(const std::vector<DatasetRequest>& requests) = 0;
  virtual std::vector<NetworkInfo> networks(const std::vector<NetworkRequest>& requests) = 0;
  virtual std::vector<OverlapFacts> overlaps(const std::vector<OverlapRequest>& requests) = 0;
  virtual std::vector<WeightsFit> weights(const std::vector<WeightsRequest>& requests) = 0;
};

}  // namespace cambium
