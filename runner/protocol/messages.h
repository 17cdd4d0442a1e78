#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cambium/error.h"
#include "cambium/image.h"
#include "cambium/schema.h"
#include "cambium/transfer_plan.h"

/// What coordinator and worker say to each other. Every struct has to_json and from_json; a request and a reply are one
/// line of JSON each. docs/architecture.md shows them.
namespace cambium {

using Json = nlohmann::json;

enum class PluginKind { Backbone, Dataset, Strategy };
/// "backbone", "dataset", "strategy".
const char* to_string(PluginKind kind);

/// One plugin as it declares itself.
struct PluginInfo {
  PluginKind kind = PluginKind::Backbone;
  std::string name, doc;
  Schema schema;
  std::string version;  ///< its library's
  std::string library;  ///< absolute path
  std::string sha256;   ///< of the library's file
};

/// A plugin library that could not be used, and what to do about it.
struct PluginProblem {
  std::string path, message, hint;
};

/// The answer to {"do": "describe"}.
struct Description {
  std::vector<PluginInfo> plugins;
  std::vector<PluginProblem> problems;
  std::string torch;  ///< LibTorch's version, "1.13.1"
};

/// A plugin and what it is told: {"plugin": NAME, "params": {...}}.
struct Component {
  std::string plugin;
  Params params;
  bool operator==(const Component&) const = default;
};

/// An Error on its way through JSON; `part` says whose fault it is: "backbone", "data" or "strategy".
struct Failure {
  std::string message, hint, part;
};

struct FileStamp {
  std::string path;
  std::int64_t size = 0;
  std::int64_t mtime_ns = 0, ctime_ns = 0;
  std::int64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

/// What a data set turned out to be.
struct DatasetFacts {
  ImageShape shape;  ///< height and width are 0 where the images differ in size
  std::vector<std::string> classes;
  std::map<std::string, std::vector<std::int64_t>> per_class;  ///< images a class, by split; no key for an absent split
  std::int64_t images = 0, all_classes = 0;  ///< of the data set as a whole; filled by selected(), not sent
  std::string fingerprint;
  std::vector<FileStamp> files;
  std::vector<std::string> skipped;  ///< files left out since they cannot be read, with what is wrong with each
  std::vector<std::string> notes;    ///< what else is to be told of how it was read
  std::optional<Failure> failure;
};

struct LayerInfo {
  std::string name;
  std::vector<std::int64_t> shape;  ///< of its output for one image, without the batch
  std::int64_t parameters = 0;
  std::int64_t operations = 0;  ///< multiply-adds an image, forward
  bool operator==(const LayerInfo&) const = default;
};

/// What a backbone and a strategy come to on data of one shape and number of classes.
struct NetworkInfo {
  std::vector<LayerInfo> layers;
  std::int64_t feature_width = 0;
  std::int64_t total = 0;        ///< parameters, the head's included
  std::int64_t trainable = 0;    ///< of them, those that learn in any phase
  std::int64_t least_batch = 1;  ///< images that a step needs: 2 where a norm would have one value a channel of one
  bool linear_head = false;      ///< the head is one matrix and one vector: what the head trainer takes
  InputCard input;
  TransferPlan plan;
  std::string fingerprint;       ///< of the files that it was read from; empty: of none
  std::vector<FileStamp> files;  ///< their stamps
  std::optional<Failure> failure;
};

/// {"do": "dataset", "data": Component, "data_root": PATH}: open it, answer DatasetFacts.
struct DatasetRequest {
  Component data;
  std::string data_root;
};

/// {"do": "network", ...}: build it, ask the strategy, answer NetworkInfo.
struct NetworkRequest {
  Component backbone, strategy;
  ImageShape shape;
  std::int64_t classes = 0;
  std::int64_t epochs = 0;
  std::string data_root;
};

/// One split of a data set, whole: whatever a study picks from it is a part of that.
struct OverlapSide {
  DatasetRequest dataset;
  std::string split = "train";  ///< "train", "validation" or "test"
};

/// {"do": "overlap", "a": {"data", "data_root", "split"}, "b": ...}: which images of b are in a already; answer
/// OverlapFacts. Where both sides are equal, which images come twice.
struct OverlapRequest {
  OverlapSide a, b;
};

struct OverlapPair {
  std::int64_t a = 0, b = 0;  ///< indices in their splits
  int distance = 0;           ///< bits of 64 in which their hashes differ
  bool exact = false;
};

/// Images that two splits share. engine/overlap.h says what near is.
struct OverlapFacts {
  std::int64_t images_a = 0, images_b = 0;
  std::int64_t exact = 0;             ///< images of b whose pixels are those of an image of a
  std::int64_t near = 0;              ///< other images of b that look like an image of a
  std::int64_t flat = 0;              ///< other images of b that are too flat to tell
  std::vector<OverlapPair> examples;  ///< at most ten: exact ones, then the nearest
  std::vector<FileStamp> files;       ///< of both
  std::optional<Failure> failure;
};

/// Weights to start from.
struct WeightsRef {
  std::string path;
  std::string sha256;                                ///< checked before use; empty: not checked
  std::optional<std::string> key = {}, prefix = {};  ///< which of the file's tensors, where the study says so
  /// Where a plan takes the head over: which of its outputs the cell's classes are; empty: all, in order.
  std::vector<std::int64_t> head_rows = {};
};

/// {"do": "weights", ...}: whether a weights file fits a network as its strategy takes it over; answer WeightsFit.
struct WeightsRequest {
  NetworkRequest network;
  WeightsRef weights;  ///< with its SHA-256, so that a kept answer is about the same bytes
};

/// How a weights file fits.
struct WeightsFit {
  std::vector<std::string> faults;   ///< none: it fits
  std::string hint;                  ///< what to do about them, where that is known
  std::vector<std::string> notes;    ///< what was chosen where it could have been otherwise
  std::vector<std::string> adapted;  ///< tensors of another shape, and what is made of them
  std::string variant;  ///< what decides beside the file's bytes: other tensors than by itself; part of the identity
  std::vector<FileStamp> files;  ///< that the network itself was read from
  std::optional<Failure> failure;
};

/// A plugin as a job was planned with it.
struct PluginPin {
  PluginKind kind = PluginKind::Backbone;
  std::string name;
  std::string sha256;  ///< of its library
};

/// What a job was planned with. Where something else is there, it is not done.
struct Pins {
  std::vector<PluginPin> plugins;
  std::string data, network;  ///< fingerprints of the data and of the files that the network is read from; empty: any
};

/// What the network that a cell starts from was trained on: its data, the selection from it, the seed of that.
struct SourceData {
  Component data;
  Params settings;
  std::uint64_t seed = 0;
};

/// Taps that may be shared: where their files lie, and after how many leading layers they are to be kept. With no cuts
/// a job keeps what it computes to itself.
struct TapsOrder {
  std::string folder;
  std::vector<std::int64_t> cuts;  ///< ascending
  std::int64_t max_bytes = 0;      ///< of all files in the folder
};

/// {"do": "train", ...}: one attempt at one cell. All paths are absolute. The answer is {"cell":, "state":
/// "done"|"failed"}; everything else is in the event file.
struct TrainJob {
  std::string cell;  ///< identity
  std::int64_t attempt = 1;
  std::uint64_t seed = 0;
  std::int64_t generation = 0;  ///< how many stages its init is away from one without; see generation_seed()
  Component backbone, data, strategy;
  Params data_settings, train_settings;
  std::string data_root;
  std::optional<WeightsRef> source;
  std::optional<SourceData> source_data;  ///< only where the plan mixes it in
  std::string events;                     ///< the event file, to be made
  std::string weights_stem;               ///< + ".last.safetensors", ".best.safetensors"
  Pins pins;
  std::string selections;  ///< folder for what was trained and validated on
  std::string checkpoint;  ///< read if it is there and fits, written each epoch, removed at the end
  int threads = 1;
  bool keep_weights = true;
  TapsOrder taps;
};

/// {"do": "heads", "members": [...]}: an attempt at each of several cells that train a linear head on the same taps:
/// alike in backbone, source, transfer plan of the backbone, and data but for what is selected. Each member has an
/// event file of its own, and fails alone. The answer is {"cell": the first member's, "state": "done"}.
struct HeadsJob {
  std::vector<TrainJob> members;
};

void to_json(Json& json, const PluginInfo& value);
void from_json(const Json& json, PluginInfo& value);
void to_json(Json& json, const PluginProblem& value);
void from_json(const Json& json, PluginProblem& value);
void to_json(Json& json, const Description& value);
void from_json(const Json& json, Description& value);
void to_json(Json& json, const Component& value);
void from_json(const Json& json, Component& value);
void to_json(Json& json, const DatasetFacts& value);
void from_json(const Json& json, DatasetFacts& value);
void to_json(Json& json, const NetworkInfo& value);
void from_json(const Json& json, NetworkInfo& value);
void to_json(Json& json, const DatasetRequest& value);
void from_json(const Json& json, DatasetRequest& value);
void to_json(Json& json, const NetworkRequest& value);
void from_json(const Json& json, NetworkRequest& value);
void to_json(Json& json, const OverlapRequest& value);
void from_json(const Json& json, OverlapRequest& value);
void to_json(Json& json, const OverlapFacts& value);
void from_json(const Json& json, OverlapFacts& value);
void to_json(Json& json, const WeightsRequest& value);
void from_json(const Json& json, WeightsRequest& value);
void to_json(Json& json, const WeightsFit& value);
void from_json(const Json& json, WeightsFit& value);
void to_json(Json& json, const WeightsRef& value);
void from_json(const Json& json, WeightsRef& value);
void to_json(Json& json, const Pins& value);
void from_json(const Json& json, Pins& value);
void to_json(Json& json, const TrainJob& value);
void from_json(const Json& json, TrainJob& value);
void to_json(Json& json, const HeadsJob& value);
void from_json(const Json& json, HeadsJob& value);
void to_json(Json& json, const TapsOrder& value);
void from_json(const Json& json, TapsOrder& value);
void to_json(Json& json, const TransferPlan& value);
void from_json(const Json& json, TransferPlan& value);

/// Schemas and parameters. Values read back without a schema keep the JSON's own types; typed() brings them to the
/// schema's.
void to_json(Json& json, const Schema& value);
void from_json(const Json& json, Schema& value);
void to_json(Json& json, const Params& value);
void from_json(const Json& json, Params& value);

/// `params` with each value as `schema` types it (an empty list, a whole number for a Number) and absent ones at their
/// default. Throws Error{Plugin} for a name that the schema lacks or a value of another type.
Params typed(const Params& params, const Schema& schema);

}  // namespace cambium
