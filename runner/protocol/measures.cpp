#include "protocol/measures.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "protocol/settings.h"

namespace cambium {
namespace {

Schema with_images(Schema schema, std::int64_t images) {
  return std::move(schema.integer("images", images, {2, 1e9}, "images at most, drawn by the seed"));
}

/// Where taps are taken: after which layer, of the network before or after training.
Schema with_layer(Schema schema, const char* at) {
  return std::move(
      schema.string("layer", "", "the layer after which taps are taken; \"\": the last, what the head sees")
          .choice("at", at, {"start", "end"}, "the network as training began, or as it ended"));
}

std::vector<MeasureInfo> make_infos() {
  constexpr std::int64_t kImages = 10000, kFewImages = 1000;
  const Schema source_layer =
      with_images(Schema().string("layer", "", "the layer after which taps are taken; \"\": the last"), kImages);
  constexpr MeasuredNetworks kAt = {}, kEnd = {.end = true}, kSource = {.source = true},
                             kBoth = {.start = true, .end = true};
  return {
      {"logme", "log evidence of a linear model of the labels on taps", with_images(with_layer({}, "start"), kImages),
       kAt},
      {"leep", "log likelihood of the labels given the source's predictions", with_images({}, kImages), kSource},
      {"nce", "negative conditional entropy of the labels given the source's", with_images({}, kImages), kSource},
      {"hscore", "H-score of taps, plain and regularised", with_images(with_layer({}, "start"), kImages), kAt},
      {"knn", "accuracy of the nearest neighbours by taps",
       with_images(with_layer(Schema()
                                  .integer("k", 20, {1, 1e6}, "neighbours that vote")
                                  .choice("metric", "cosine", {"cosine", "l2"}, "what is near")
                                  .choice("split", "test", {"train", "test"},
                                          "what is asked for; train: each image of the others"),
                              "end"),
                   kImages),
       kAt},
      {"cka", "linear CKA of each layer before and after training, on held-out images", with_images({}, kFewImages),
       kBoth},
      // 2: relative to nothing is undefined, not infinite.
      {"weight_distance", "L2 distance of each layer's parameters from where they began", {}, kBoth, 2},
      {"gradient_norm", "each layer's gradient norm over its parameter norm", with_images({}, kImages), kEnd, 2},
      {"a_distance", "proxy A-distance between source and target taps", source_layer, kSource},
      {"bound", "the terms of error_T <= error_S + d_H / 2 + lambda", source_layer, {.end = true, .source = true}},
      {"ece", "expected calibration error", Schema().integer("bins", 15, {1, 10000}, "bins of confidence"), kEnd},
      {"confusion", "test images by true and predicted class", {}, kEnd},
      {"per_class", "test accuracy by class", {}, kEnd},
      {"taps", "taps and labels as .npy files",
       with_images(with_layer(Schema()
                                  .choice("split", "train", {"train", "test"}, "which images")
                                  .boolean("pooled", true, "[N, C] by the mean over places; false: as they are"),
                              "end"),
                   kImages),
       kAt},
      {"filters", "the first layer's filters as a picture",
       Schema().choice("at", "end", {"start", "end"}, "the network as training began, or as it ended"), kAt},
  };
}

}  // namespace

const std::vector<MeasureInfo>& measure_infos() {
  static const std::vector<MeasureInfo> infos = make_infos();
  return infos;
}

const MeasureInfo* find_measure(const std::string& name) {
  const auto& infos = measure_infos();
  const auto found =
      std::find_if(infos.begin(), infos.end(), [&](const MeasureInfo& info) { return info.name == name; });
  return found == infos.end() ? nullptr : &*found;
}

std::string label(const Measure& measure) {
  std::string text;
  for (const Parameter& parameter : find_measure(measure.name)->schema.parameters()) {
    const auto value = measure.params.values().find(parameter.name);
    if (value == measure.params.values().end() || value->second == parameter.default_value) continue;
    text += text.empty() ? "" : ", ";
    if (const auto* word = std::get_if<std::string>(&value->second))
      text += fmt::format("{}={}", parameter.name, *word);
    else if (const auto* whole = std::get_if<std::int64_t>(&value->second))
      text += fmt::format("{}={}", parameter.name, *whole);
    else if (const auto* yes = std::get_if<bool>(&value->second))
      text += fmt::format("{}={}", parameter.name, *yes);
  }
  return text.empty() ? measure.name : fmt::format("{}({})", measure.name, text);
}

MeasuredNetworks networks_of(const Measure& measure) {
  MeasuredNetworks networks = find_measure(measure.name)->networks;
  if (measure.params.has("at")) (measure.params.string("at") == "start" ? networks.start : networks.end) = true;
  return networks;
}

bool needs_test(const Measure& measure) {
  if (measure.params.has("split")) return measure.params.string("split") == "test";
  return measure.name == "ece" || measure.name == "confusion" || measure.name == "per_class" || measure.name == "bound";
}

void to_json(Json& json, const Measure& value) { json = {{"measure", value.name}, {"params", value.params}}; }
void from_json(const Json& json, Measure& value) {
  value.name = json.at("measure");
  const MeasureInfo* info = find_measure(value.name);
  if (!info)
    throw Error(ErrorKind::Plugin, "there is no measure " + value.name,
                "are cambium and cambium-worker of one version?");
  value.params = typed(json.at("params").get<Params>(), info->schema);
}

void to_json(Json& json, const MeasureJob& value) {
  json = {{"do", "measure"},
          {"cell", value.cell},
          {"seed", value.seed},
          {"generation", value.generation},
          {"backbone", value.backbone},
          {"data", value.data},
          {"strategy", value.strategy},
          {"data_settings", value.data_settings},
          {"train_settings", value.train_settings},
          {"data_root", value.data_root},
          {"weights", value.weights},
          {"source", nullptr},
          {"source_cell", nullptr},
          {"pins", value.pins},
          {"measures", value.measures},
          {"events", value.events},
          {"files_stem", value.files_stem},
          {"threads", value.threads},
          {"taps", value.taps}};
  if (value.source) json["source"] = *value.source;
  if (const auto& cell = value.source_cell)
    json["source_cell"] = {{"seed", cell->seed},
                           {"backbone", cell->backbone},
                           {"data", cell->data},
                           {"data_settings", cell->data_settings},
                           {"pins", cell->pins}};
}
void from_json(const Json& json, MeasureJob& value) {
  value = {};
  value.cell = json.at("cell");
  value.seed = json.at("seed");
  value.generation = json.value("generation", std::int64_t{0});
  value.backbone = json.at("backbone").get<Component>();
  value.data = json.at("data").get<Component>();
  value.strategy = json.at("strategy").get<Component>();
  value.data_settings = typed(json.at("data_settings").get<Params>(), data_schema());
  value.train_settings = typed(json.at("train_settings").get<Params>(), train_schema());
  value.data_root = json.at("data_root");
  value.weights = json.at("weights").get<WeightsRef>();
  if (const Json& source = json.at("source"); !source.is_null()) value.source = source.get<WeightsRef>();
  if (const Json& cell = json.at("source_cell"); !cell.is_null())
    value.source_cell = {cell.at("seed"), cell.at("backbone").get<Component>(), cell.at("data").get<Component>(),
                         typed(cell.at("data_settings").get<Params>(), data_schema()), cell.at("pins").get<Pins>()};
  value.pins = json.at("pins").get<Pins>();
  value.measures = json.at("measures").get<std::vector<Measure>>();
  value.events = json.at("events");
  value.files_stem = json.at("files_stem");
  value.threads = json.at("threads");
  value.taps = json.at("taps").get<TapsOrder>();
}

}  // namespace cambium
