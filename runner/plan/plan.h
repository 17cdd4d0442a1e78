#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/measures.h"
#include "protocol/messages.h"
#include "study/problem.h"

namespace cambium {

/// One table of a cell's configuration, checked and filled in, shared by all cells that have it alike.
struct Part {
  Component component;  ///< the plugin and its parameters; `train` has none
  std::string version;  ///< the plugin's
  std::string library;  ///< SHA-256 of its library
  Params settings;      ///< what the runner itself reads of the table
  std::string json;     ///< all of it as a JSON object, paths included: what is stored
  std::string digest;   ///< SHA-256 of its canonical text, paths left out
  Place place;
};

/// One point of the grid with one seed: everything that decides a result, and nothing else.
struct Cell {
  std::string identity, group;  ///< 64 hex digits each
  std::uint64_t seed = 0;
  std::int64_t generation = 0;  ///< how many stages its stage's init is away from one without
  std::shared_ptr<const Part> backbone, data, strategy, train;
  std::shared_ptr<const NetworkInfo> network;
  std::shared_ptr<const DatasetFacts> dataset;
  int source = -1;             ///< index in Plan::cells of the cell whose weights it takes, or -1
  std::string source_weights;  ///< "last" or "best", of that cell
  std::string source_file;     ///< or the weights file it takes, absolute
  std::string source_sha256;
  std::vector<std::int64_t> head_rows;  ///< which outputs of the source's head its classes are; empty: all, in order
  std::optional<std::string> source_key, source_prefix;  ///< which of its tensors, where the study says so
  std::string source_variant;                            ///< what of that decides; see WeightsFit::variant
  std::int64_t points = 1;                               ///< grid points and seeds that came to this cell
  bool keep_weights = true;
  bool disjoint = false;          ///< from what it starts from, as its init wants it
  std::vector<Measure> measures;  ///< to be taken once it is done; no part of what it is
};

/// A cell's place in the study.
struct Entry {
  std::size_t stage = 0;     ///< index in Plan::stages
  std::size_t cell = 0;      ///< index in Plan::cells
  std::string arm;           ///< its arm's label: the name, then the factors
  std::string name;          ///< its arm's name: what the study calls it, else its strategy
  std::string factors;       ///< JSON object of the axes that the name does not tell, less the replicates
  std::string axes;          ///< JSON object of all axes that the cell reads, less the replicates
  std::string replicate;     ///< JSON object of the replicate axes that it reads
  std::string contest = {};  ///< of a stage that chooses: the axes less those that are chosen over
  std::string common = {};   ///< and the factors less them
};

/// Grid points of one stage and strategy that came to fewer cells, since the strategy does not read some axes.
struct Merge {
  std::size_t stage = 0;
  std::string strategy;
  std::int64_t points = 0, cells = 0;
  std::vector<std::string> unread;  ///< the axes
};

/// A study compiled: its cells, each once, sources before what starts from them.
struct Plan {
  std::string name, path, text;
  std::vector<std::string> stages;
  std::vector<Cell> cells;
  std::vector<Entry> entries;
  std::int64_t points = 0;  ///< grid points times seeds, before merging
  std::vector<Merge> merges;
  std::vector<Problem> warnings;
  std::string baseline;                        ///< the arm that others are held against, or empty
  std::map<std::size_t, std::string> choices;  ///< of stages that choose a point of each arm: the metric, by stage
};

/// The whole canonical configuration of a cell, as the JSON object that is stored.
std::string config_json(const Plan& plan, const Cell& cell);

/// The plugins' libraries that a cell is made with: another text once one of them is rebuilt.
std::string libraries(const Cell& cell);

/// What was known of a measure of a cell before.
struct KnownMeasure {
  enum class State { Done, Failed, Machine } state = State::Done;
  std::string error;
  int version = 1;     ///< of its mathematics
  bool of_run = true;  ///< of the cell's newest done run, not of one before
};

/// What was known of a cell before.
struct Known {
  enum class State { Done, Failed, Machine, Interrupted, Skipped };  ///< Machine: failed for the machine's sake
  State state = State::Done;
  std::int64_t attempts = 0;
  std::int64_t epochs = 0;  ///< that its newest attempt had finished
  std::string error;
  bool has_weights = false;                           ///< its weights files are still there
  std::map<std::string, KnownMeasure> measures = {};  ///< by label
  std::int64_t machine_tries = 0;  ///< attempts in a row that failed for the machine's sake and came no further
  std::string plugins = {};        ///< libraries() of the newest attempt; empty: not known
  bool damaged = false;            ///< its weights files are there and are not what was written
  std::map<std::string, WeightsRef> weights = {};  ///< by kind: of what others start from or measures are taken of
};

/// What is to be done about one cell, and why.
struct Work {
  enum class Action { None, Train, Hold } action = Action::None;  ///< Hold: it failed before, or what it needs did
  std::string reason;

  std::vector<std::size_t> measures = {};  ///< those of Cell::measures to be taken, once the cell is done
  std::string measure_reason = {};
  std::vector<std::size_t> held_measures = {};  ///< those not to be taken, since they failed before or cannot be
  std::string held_reason = {};
};

/// Whether a measure of a cell that starts from another needs that one's weights.
bool needs_source(const Measure& measure);

/// One answer a cell, in the plan's order. `retry_failed` turns held cells into work.
std::vector<Work> decide(const Plan& plan, const std::unordered_map<std::string, Known>& known, bool retry_failed);

}  // namespace cambium
