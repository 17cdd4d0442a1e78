#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cambium/dataset.h"
#include "cambium/strategy.h"
#include "engine/data/batches.h"
#include "engine/train/events.h"
#include "protocol/messages.h"

namespace cambium {

/// What a run's weights file tells in its card beside the metrics: all that is needed to use it, or to refuse to.
struct RunWeights {
  const TrainJob& job;
  const DatasetInfo& data;
  const Preprocessing& how;
  std::string interpolation;
  ImageShape input;
  std::int64_t epochs = 0;
};

/// Writes the weights file of `kind`, "last" or "best", and gives what the run's end tells of it: kind, path, sha256
/// and bytes.
nlohmann::json write_weights(const RunWeights& what, const std::string& kind, const TensorMap& state,
                             const Metrics& metrics);

}  // namespace cambium
