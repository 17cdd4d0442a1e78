#include "protocol/messages.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "protocol/json.h"

namespace cambium {
namespace {

void put_failure(Json& json, const std::optional<Failure>& failure) {
  if (failure) json["failure"] = {{"message", failure->message}, {"hint", failure->hint}, {"part", failure->part}};
}

std::optional<Failure> get_failure(const Json& json) {
  const auto found = json.find("failure");
  if (found == json.end()) return std::nullopt;
  return Failure{found->value("message", ""), found->value("hint", ""), found->value("part", "")};
}

Json shape_json(const ImageShape& shape) { return {shape.channels, shape.height, shape.width}; }
ImageShape shape_of(const Json& json) { return {json.at(0), json.at(1), json.at(2)}; }

/// A path as JSON, which is UTF-8, has it: as text, or, where it is none, as its bytes.
Json path_json(const std::string& path) {
  const bool text = std::all_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!text) try {
      static_cast<void>(Json(path).dump());
    } catch (const Json::type_error&) {
      return std::vector<int>(reinterpret_cast<const std::uint8_t*>(path.data()),
                              reinterpret_cast<const std::uint8_t*>(path.data()) + path.size());
    }
  return path;
}
std::string path_of(const Json& json) {
  if (json.is_string()) return json;
  const auto bytes = json.get<std::vector<std::uint8_t>>();
  return {bytes.begin(), bytes.end()};
}

Json files_json(const std::vector<FileStamp>& files) {
  Json json = Json::array();
  for (const FileStamp& file : files)
    json.push_back({{"path", path_json(file.path)},
                    {"size", file.size},
                    {"mtime_ns", file.mtime_ns},
                    {"ctime_ns", file.ctime_ns},
                    {"inode", file.inode}});
  return json;
}
std::vector<FileStamp> files_of(const Json& json) {
  std::vector<FileStamp> files;
  for (const Json& file : json)
    files.push_back(
        {path_of(file.at("path")), file.at("size"), file.at("mtime_ns"), file.at("ctime_ns"), file.at("inode")});
  return files;
}

Json side_json(const OverlapSide& side) {
  return {{"data", side.dataset.data}, {"data_root", side.dataset.data_root}, {"split", side.split}};
}
OverlapSide side_of(const Json& json) { return {json.get<DatasetRequest>(), json.at("split")}; }

}  // namespace

const char* to_string(PluginKind kind) { return to_name(kind, kPluginKinds); }

void to_json(Json& json, const PluginInfo& value) {
  json = {{"kind", to_string(value.kind)}, {"name", value.name},       {"doc", value.doc},
          {"version", value.version},      {"library", value.library}, {"sha256", value.sha256},
          {"schema", value.schema}};
}
void from_json(const Json& json, PluginInfo& value) {
  value.kind = from_name(json.at("kind"), kPluginKinds);
  value.name = json.at("name");
  value.doc = json.at("doc");
  value.version = json.at("version");
  value.library = json.at("library");
  value.sha256 = json.at("sha256");
  value.schema = json.at("schema").get<Schema>();
}

void to_json(Json& json, const PluginProblem& value) {
  json = {{"path", value.path}, {"message", value.message}, {"hint", value.hint}};
}
void from_json(const Json& json, PluginProblem& value) {
  value = {json.at("path"), json.at("message"), json.at("hint")};
}

void to_json(Json& json, const Description& value) {
  json = {{"torch", value.torch}, {"plugins", value.plugins}, {"problems", value.problems}};
}
void from_json(const Json& json, Description& value) {
  value.torch = json.at("torch");
  value.plugins = json.at("plugins").get<std::vector<PluginInfo>>();
  value.problems = json.at("problems").get<std::vector<PluginProblem>>();
}

void to_json(Json& json, const Component& value) { json = {{"plugin", value.plugin}, {"params", value.params}}; }
void from_json(const Json& json, Component& value) {
  value.plugin = json.at("plugin");
  value.params = json.at("params").get<Params>();
}

void to_json(Json& json, const DatasetFacts& value) {
  if (value.failure) return put_failure(json, value.failure);
  json = {{"shape", shape_json(value.shape)},
          {"classes", value.classes},
          {"per_class", value.per_class},
          {"fingerprint", value.fingerprint},
          {"files", files_json(value.files)},
          {"skipped", value.skipped},
          {"notes", value.notes}};
}
void from_json(const Json& json, DatasetFacts& value) {
  value = {};
  if ((value.failure = get_failure(json))) return;
  value.shape = shape_of(json.at("shape"));
  value.classes = json.at("classes").get<std::vector<std::string>>();
  value.per_class = json.at("per_class").get<std::map<std::string, std::vector<std::int64_t>>>();
  value.fingerprint = json.at("fingerprint");
  value.skipped = json.value("skipped", std::vector<std::string>{});
  value.notes = json.value("notes", std::vector<std::string>{});
  value.files = files_of(json.at("files"));
}

void to_json(Json& json, const NetworkInfo& value) {
  if (value.failure) return put_failure(json, value.failure);
  Json layers = Json::array();
  for (const LayerInfo& layer : value.layers)
    layers.push_back({{"name", layer.name},
                      {"shape", layer.shape},
                      {"parameters", layer.parameters},
                      {"operations", layer.operations}});
  json = {{"layers", layers},
          {"feature_width", value.feature_width},
          {"total", value.total},
          {"trainable", value.trainable},
          {"least_batch", value.least_batch},
          {"linear_head", value.linear_head},
          {"input",
           {{"mean", value.input.mean},
            {"std", value.input.std},
            {"size", value.input.size},
            {"resize", value.input.resize},
            {"interpolation", value.input.interpolation}}},
          {"plan", value.plan},
          {"fingerprint", value.fingerprint},
          {"files", files_json(value.files)}};
}
void from_json(const Json& json, NetworkInfo& value) {
  value = {};
  if ((value.failure = get_failure(json))) return;
  for (const Json& layer : json.at("layers"))
    value.layers.push_back({layer.at("name"), layer.at("shape").get<std::vector<std::int64_t>>(),
                            layer.at("parameters"), layer.at("operations")});
  value.feature_width = json.at("feature_width");
  value.total = json.at("total");
  value.trainable = json.at("trainable");
  value.least_batch = json.at("least_batch");
  value.linear_head = json.at("linear_head");
  const Json& input = json.at("input");
  value.input = {input.at("mean").get<std::vector<double>>(), input.at("std").get<std::vector<double>>(),
                 input.at("size"), input.at("resize"), input.at("interpolation")};
  value.plan = json.at("plan").get<TransferPlan>();
  value.fingerprint = json.at("fingerprint");
  value.files = files_of(json.at("files"));
}

void to_json(Json& json, const DatasetRequest& value) {
  json = {{"do", "dataset"}, {"data", value.data}, {"data_root", value.data_root}};
}
void from_json(const Json& json, DatasetRequest& value) {
  value = {json.at("data").get<Component>(), json.at("data_root")};
}

void to_json(Json& json, const NetworkRequest& value) {
  json = {{"do", "network"},
          {"backbone", value.backbone},
          {"strategy", value.strategy},
          {"shape", shape_json(value.shape)},
          {"classes", value.classes},
          {"epochs", value.epochs},
          {"data_root", value.data_root}};
}
void from_json(const Json& json, NetworkRequest& value) {
  value = {json.at("backbone").get<Component>(),
           json.at("strategy").get<Component>(),
           shape_of(json.at("shape")),
           json.at("classes"),
           json.at("epochs"),
           json.at("data_root")};
}

void to_json(Json& json, const OverlapRequest& value) {
  json = {{"do", "overlap"}, {"a", side_json(value.a)}, {"b", side_json(value.b)}};
}
void from_json(const Json& json, OverlapRequest& value) { value = {side_of(json.at("a")), side_of(json.at("b"))}; }

void to_json(Json& json, const OverlapFacts& value) {
  if (value.failure) return put_failure(json, value.failure);
  Json examples = Json::array();
  for (const OverlapPair& pair : value.examples)
    examples.push_back({{"a", pair.a}, {"b", pair.b}, {"distance", pair.distance}, {"exact", pair.exact}});
  json = {{"images", {value.images_a, value.images_b}},
          {"exact", value.exact},
          {"near", value.near},
          {"flat", value.flat},
          {"examples", examples},
          {"files", files_json(value.files)}};
}
void from_json(const Json& json, OverlapFacts& value) {
  value = {};
  if ((value.failure = get_failure(json))) return;
  value.images_a = json.at("images").at(0);
  value.images_b = json.at("images").at(1);
  value.exact = json.at("exact");
  value.near = json.at("near");
  value.flat = json.at("flat");
  for (const Json& pair : json.at("examples"))
    value.examples.push_back({pair.at("a"), pair.at("b"), pair.at("distance"), pair.at("exact")});
  value.files = files_of(json.at("files"));
}

void to_json(Json& json, const WeightsRef& value) {
  json = {{"path", value.path}, {"sha256", value.sha256}};
  if (value.key) json["key"] = *value.key;
  if (value.prefix) json["prefix"] = *value.prefix;
  if (!value.head_rows.empty()) json["head_rows"] = value.head_rows;
}
void from_json(const Json& json, WeightsRef& value) {
  value = {json.at("path"), json.at("sha256"), std::nullopt, std::nullopt,
           json.value("head_rows", std::vector<std::int64_t>{})};
  if (json.contains("key")) value.key = json["key"].get<std::string>();
  if (json.contains("prefix")) value.prefix = json["prefix"].get<std::string>();
}

void to_json(Json& json, const WeightsRequest& value) {
  json = value.network;
  json["do"] = "weights";
  json["weights"] = value.weights;
}
void from_json(const Json& json, WeightsRequest& value) {
  value = {json.get<NetworkRequest>(), json.at("weights").get<WeightsRef>()};
}

void to_json(Json& json, const WeightsFit& value) {
  if (value.failure) return put_failure(json, value.failure);
  json = {{"faults", value.faults},   {"hint", value.hint},       {"notes", value.notes},
          {"adapted", value.adapted}, {"variant", value.variant}, {"files", files_json(value.files)}};
}
void from_json(const Json& json, WeightsFit& value) {
  value = {};
  if ((value.failure = get_failure(json))) return;
  value.faults = json.at("faults").get<std::vector<std::string>>();
  value.hint = json.at("hint");
  value.notes = json.at("notes").get<std::vector<std::string>>();
  value.adapted = json.at("adapted").get<std::vector<std::string>>();
  value.variant = json.at("variant");
  value.files = files_of(json.at("files"));
}

void to_json(Json& json, const Pins& value) {
  Json plugins = Json::array();
  for (const PluginPin& pin : value.plugins)
    plugins.push_back({{"kind", to_string(pin.kind)}, {"name", pin.name}, {"sha256", pin.sha256}});
  json = {{"plugins", plugins}, {"data", value.data}, {"network", value.network}};
}
void from_json(const Json& json, Pins& value) {
  value = {{}, json.at("data"), json.at("network")};
  for (const Json& pin : json.at("plugins"))
    value.plugins.push_back({from_name(pin.at("kind"), kPluginKinds), pin.at("name"), pin.at("sha256")});
}

void to_json(Json& json, const TrainJob& value) {
  json = {{"do", "train"},
          {"cell", value.cell},
          {"attempt", value.attempt},
          {"seed", value.seed},
          {"generation", value.generation},
          {"backbone", value.backbone},
          {"data", value.data},
          {"strategy", value.strategy},
          {"data_settings", value.data_settings},
          {"train_settings", value.train_settings},
          {"data_root", value.data_root},
          {"source", nullptr},
          {"source_data", nullptr},
          {"events", value.events},
          {"weights_stem", value.weights_stem},
          {"pins", value.pins},
          {"selections", value.selections},
          {"checkpoint", value.checkpoint},
          {"threads", value.threads},
          {"keep_weights", value.keep_weights},
          {"taps", value.taps}};
  if (value.source) json["source"] = *value.source;
  if (const auto& source = value.source_data)
    json["source_data"] = {{"data", source->data}, {"settings", source->settings}, {"seed", source->seed}};
}
void from_json(const Json& json, TrainJob& value) {
  value = {};
  value.cell = json.at("cell");
  value.attempt = json.at("attempt");
  value.seed = json.at("seed");
  value.generation = json.value("generation", std::int64_t{0});
  value.backbone = json.at("backbone").get<Component>();
  value.data = json.at("data").get<Component>();
  value.strategy = json.at("strategy").get<Component>();
  value.data_settings = json.at("data_settings").get<Params>();
  value.train_settings = json.at("train_settings").get<Params>();
  value.data_root = json.at("data_root");
  if (const Json& source = json.at("source"); !source.is_null()) value.source = source.get<WeightsRef>();
  if (const Json& source = json.at("source_data"); !source.is_null())
    value.source_data =
        SourceData{source.at("data").get<Component>(), source.at("settings").get<Params>(), source.at("seed")};
  value.events = json.at("events");
  value.weights_stem = json.at("weights_stem");
  value.pins = json.at("pins").get<Pins>();
  value.selections = json.at("selections");
  value.checkpoint = json.at("checkpoint");
  value.threads = json.at("threads");
  value.keep_weights = json.at("keep_weights");
  value.taps = json.at("taps").get<TapsOrder>();
}

void to_json(Json& json, const HeadsJob& value) { json = {{"do", "heads"}, {"members", value.members}}; }
void from_json(const Json& json, HeadsJob& value) { value = {json.at("members").get<std::vector<TrainJob>>()}; }

void to_json(Json& json, const TapsOrder& value) {
  json = {{"folder", value.folder}, {"cuts", value.cuts}, {"max_bytes", value.max_bytes}};
}
void from_json(const Json& json, TapsOrder& value) {
  value = {json.at("folder"), json.at("cuts").get<std::vector<std::int64_t>>(), json.at("max_bytes")};
}

}  // namespace cambium
