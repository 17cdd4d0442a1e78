#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/messages.h"

namespace cambium {

/// One measure as a stage asks for it: its name and its parameters, filled in.
struct Measure {
  std::string name;
  Params params;
  bool operator==(const Measure&) const = default;
};

/// The networks that a measure looks at; where it has a parameter `at`, that says which of the first two.
struct MeasuredNetworks {
  bool start = false;   ///< as training began
  bool end = false;     ///< as it ended: the cell's own weights
  bool source = false;  ///< that of the cell that it starts from, with its data
};

/// A measure as it can be asked for. docs/measures.md says what each is.
struct MeasureInfo {
  std::string name, doc;
  Schema schema;
  MeasuredNetworks networks;
  int version = 1;  ///< of its mathematics: raised where it gives other values, which are then taken anew
};

/// All there are.
const std::vector<MeasureInfo>& measure_infos();
/// Null for no such name.
const MeasureInfo* find_measure(const std::string& name);

/// What a measure is called in the database: its name, and in brackets whatever is not at its default: "knn",
/// "knn(k=5, metric=l2)".
std::string label(const Measure& measure);

/// The networks that it looks at, with its parameters.
MeasuredNetworks networks_of(const Measure& measure);

/// Whether it looks at test images.
bool needs_test(const Measure& measure);

/// {"do": "measure", ...}: measures of one done cell. All paths are absolute. The answer is {"cell":, "state":
/// "done"|"failed"}; everything else is in the event file.
struct MeasureJob {
  /// The cell whose weights were started from.
  struct SourceCell {
    std::uint64_t seed = 0;
    Component backbone, data;
    Params data_settings;
    Pins pins = {};
  };

  std::string cell;  ///< identity
  std::uint64_t seed = 0;
  std::int64_t generation = 0;
  Component backbone, data, strategy;
  Params data_settings, train_settings;
  std::string data_root;
  WeightsRef weights;                     ///< the cell's own, after its last epoch
  std::optional<WeightsRef> source;       ///< what it started from, if anything
  std::optional<SourceCell> source_cell;  ///< whose they are, if a cell's
  Pins pins;
  std::vector<Measure> measures;
  std::string events;      ///< the event file, to be made
  std::string files_stem;  ///< + ".conv5.test.npy", ".filters.png"
  int threads = 1;
  TapsOrder taps;
};

void to_json(Json& json, const Measure& value);
void from_json(const Json& json, Measure& value);  ///< parameters typed by the measure's schema
void to_json(Json& json, const MeasureJob& value);
void from_json(const Json& json, MeasureJob& value);

}  // namespace cambium
