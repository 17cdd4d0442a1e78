#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cambium/backbone.h"
#include "cambium/dataset.h"
#include "cambium/strategy.h"
#include "engine/taps/tap_files.h"
#include "engine/train/events.h"
#include "protocol/measures.h"

namespace cambium {

/// What a measure job's plugins came to. The factories build the network for the cell's data and for its source's.
struct MeasureIngredients {
  std::function<std::unique_ptr<Backbone>()> backbone, source_backbone;
  std::shared_ptr<const Dataset> dataset, source_dataset;
  std::unique_ptr<Strategy> strategy;
  std::map<std::string, std::string> plugin_hashes;  ///< SHA-256 of the plugins' libraries
  TapFiles* taps = nullptr;
};

/// Takes a cell's measures one after the other and tells each in the event file: "measured" with its values and files,
/// or "unmeasured" with what went wrong, which keeps none of the others from being taken. Throws where the cell's own
/// weights cannot be read and a measure looks at them.
void take_measures(const MeasureJob& job, MeasureIngredients ingredients, EventFile& events);

}  // namespace cambium
