#include "protocol/messages.h"

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
  Json files = Json::array();
  for (const FileStamp& file : value.files)
    files.push_back({{"path", file.path}, {"size", file.size}, {"mtime_ns", file.mtime_ns}});
  json = {{"shape", shape_json(value.shape)},
          {"classes", value.classes},
          {"per_class", value.per_class},
          {"fingerprint", value.fingerprint},
          {"files", files}};
}
void from_json(const Json& json, DatasetFacts& value) {
  value = {};
  if ((value.failure = get_failure(json))) return;
  value.shape = shape_of(json.at("shape"));
  value.classes = json.at("classes").get<std::vector<std::string>>();
  value.per_class = json.at("per_class").get<std::map<std::string, std::vector<std::int64_t>>>();
  value.fingerprint = json.at("fingerprint");
  for (const Json& file : json.at("files"))
    value.files.push_back({file.at("path"), file.at("size"), file.at("mtime_ns")});
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
          {"input", {{"mean", value.input.mean}, {"std", value.input.std}}},
          {"plan", value.plan}};
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
  value.input = {json.at("input").at("mean").get<std::vector<double>>(),
                 json.at("input").at("std").get<std::vector<double>>()};
  value.plan = json.at("plan").get<TransferPlan>();
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
          {"epochs", value.epochs}};
}
void from_json(const Json& json, NetworkRequest& value) {
  value = {json.at("backbone").get<Component>(), json.at("strategy").get<Component>(), shape_of(json.at("shape")),
           json.at("classes"), json.at("epochs")};
}

void to_json(Json& json, const WeightsRequest& value) {
  json = value.network;
  json["do"] = "weights";
  json["path"] = value.path;
  json["sha256"] = value.sha256;
}
void from_json(const Json& json, WeightsRequest& value) {
  value = {json.get<NetworkRequest>(), json.at("path"), json.at("sha256")};
}

void to_json(Json& json, const WeightsFit& value) {
  if (value.failure) return put_failure(json, value.failure);
  json = {{"faults", value.faults}};
}
void from_json(const Json& json, WeightsFit& value) {
  value = {};
  if (!(value.failure = get_failure(json))) value.faults = json.at("faults").get<std::vector<std::string>>();
}

void to_json(Json& json, const TrainJob& value) {
  json = {{"do", "train"},
          {"cell", value.cell},
          {"attempt", value.attempt},
          {"seed", value.seed},
          {"backbone", value.backbone},
          {"data", value.data},
          {"strategy", value.strategy},
          {"data_settings", value.data_settings},
          {"train_settings", value.train_settings},
          {"data_root", value.data_root},
          {"source", nullptr},
          {"events", value.events},
          {"weights_stem", value.weights_stem},
          {"checkpoint", value.checkpoint},
          {"threads", value.threads},
          {"keep_weights", value.keep_weights}};
  if (value.source) json["source"] = {{"path", value.source->path}, {"sha256", value.source->sha256}};
}
void from_json(const Json& json, TrainJob& value) {
  value = {};
  value.cell = json.at("cell");
  value.attempt = json.at("attempt");
  value.seed = json.at("seed");
  value.backbone = json.at("backbone").get<Component>();
  value.data = json.at("data").get<Component>();
  value.strategy = json.at("strategy").get<Component>();
  value.data_settings = json.at("data_settings").get<Params>();
  value.train_settings = json.at("train_settings").get<Params>();
  value.data_root = json.at("data_root");
  if (const Json& source = json.at("source"); !source.is_null())
    value.source = WeightsRef{source.at("path"), source.at("sha256")};
  value.events = json.at("events");
  value.weights_stem = json.at("weights_stem");
  value.checkpoint = json.at("checkpoint");
  value.threads = json.at("threads");
  value.keep_weights = json.at("keep_weights");
}

}  // namespace cambium
