#include <cmath>
#include <nlohmann/json.hpp>

#include "protocol/json.h"
#include "protocol/messages.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

constexpr Names<ParamType, 10> kTypes = {{{ParamType::Boolean, "boolean"},
                                          {ParamType::Integer, "integer"},
                                          {ParamType::Number, "number"},
                                          {ParamType::String, "string"},
                                          {ParamType::Choice, "choice"},
                                          {ParamType::Path, "path"},
                                          {ParamType::Integers, "integers"},
                                          {ParamType::Numbers, "numbers"},
                                          {ParamType::Strings, "strings"},
                                          {ParamType::Table, "table"}}};
constexpr Names<Weights, 3> kWeights = {
    {{Weights::Fresh, "fresh"}, {Weights::Source, "source"}, {Weights::Statistics, "statistics"}}};
constexpr Names<Trainable, 4> kTrainable = {
    {{Trainable::None, "none"}, {Trainable::All, "all"}, {Trainable::Norm, "norm"}, {Trainable::Bias, "bias"}}};
constexpr Names<FrozenMode, 2> kFrozenModes = {{{FrozenMode::Eval, "eval"}, {FrozenMode::Train, "train"}}};

Json value_json(const ParamValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

ParamValue value_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_object()) return json.get<std::map<std::string, double>>();
  if (!json.empty() && json.front().is_string()) return json.get<std::vector<std::string>>();
  for (const Json& element : json)
    if (!element.is_number_integer()) return json.get<std::vector<double>>();
  return json.get<std::vector<std::int64_t>>();
}

/// `value` as `type` has it, where the JSON could not tell: 1 for a number, [] for any list.
ParamValue as_type(const ParamValue& value, ParamType type) {
  if (const auto* whole = std::get_if<std::int64_t>(&value); whole && type == ParamType::Number) return double(*whole);
  if (const auto* real = std::get_if<double>(&value); real && type == ParamType::Integer && *real == std::trunc(*real))
    return std::int64_t(*real);
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
    if (type == ParamType::Numbers) return std::vector<double>(list->begin(), list->end());
    if (type == ParamType::Strings && list->empty()) return std::vector<std::string>{};
  }
  return value;
}

bool has_type(const ParamValue& value, ParamType type) {
  switch (type) {
    case ParamType::Boolean:
      return std::holds_alternative<bool>(value);
    case ParamType::Integer:
      return std::holds_alternative<std::int64_t>(value);
    case ParamType::Number:
      return std::holds_alternative<double>(value);
    case ParamType::String:
    case ParamType::Choice:
    case ParamType::Path:
      return std::holds_alternative<std::string>(value);
    case ParamType::Integers:
      return std::holds_alternative<std::vector<std::int64_t>>(value);
    case ParamType::Numbers:
      return std::holds_alternative<std::vector<double>>(value);
    case ParamType::Strings:
      return std::holds_alternative<std::vector<std::string>>(value);
    case ParamType::Table:
      return std::holds_alternative<std::map<std::string, double>>(value);
  }
  return false;
}

Json layer_json(const LayerPlan& layer) {
  return {{"trainable", to_name(layer.trainable, kTrainable)},
          {"rate", layer.rate},
          {"learning_rate", layer.learning_rate ? Json(*layer.learning_rate) : Json()},
          {"weight_decay", layer.weight_decay ? Json(*layer.weight_decay) : Json()},
          {"frozen_mode", to_name(layer.frozen_mode, kFrozenModes)}};
}

LayerPlan layer_of(const Json& json) {
  LayerPlan layer;
  layer.trainable = from_name(json.at("trainable"), kTrainable);
  layer.rate = json.at("rate");
  if (const Json& own = json.at("learning_rate"); !own.is_null()) layer.learning_rate = own.get<double>();
  if (const Json& decay = json.at("weight_decay"); !decay.is_null()) layer.weight_decay = decay.get<double>();
  layer.frozen_mode = from_name(json.at("frozen_mode"), kFrozenModes);
  return layer;
}

}  // namespace

void to_json(Json& json, const Schema& value) {
  json = Json::array();
  for (const Parameter& parameter : value.parameters()) {
    Json entry = {{"name", parameter.name}, {"type", to_name(parameter.type, kTypes)}, {"doc", parameter.doc}};
    if (parameter.default_value) entry["default"] = value_json(*parameter.default_value);
    if (std::isfinite(parameter.range.minimum)) entry["min"] = parameter.range.minimum;
    if (std::isfinite(parameter.range.maximum)) entry["max"] = parameter.range.maximum;
    if (!parameter.choices.empty()) entry["choices"] = parameter.choices;
    if (!parameter.when_key.empty()) entry["when"] = {{"key", parameter.when_key}, {"values", parameter.when_values}};
    json.push_back(std::move(entry));
  }
}

void from_json(const Json& json, Schema& value) {
  value = Schema();
  for (const Json& entry : json) {
    Parameter parameter;
    parameter.name = entry.at("name");
    parameter.type = from_name(entry.at("type"), kTypes);
    parameter.doc = entry.at("doc");
    if (const auto found = entry.find("default"); found != entry.end())
      parameter.default_value = as_type(value_of(*found), parameter.type);
    parameter.range.minimum = entry.value("min", parameter.range.minimum);
    parameter.range.maximum = entry.value("max", parameter.range.maximum);
    parameter.choices = entry.value("choices", std::vector<std::string>{});
    if (const auto when = entry.find("when"); when != entry.end()) {
      parameter.when_key = when->at("key");
      parameter.when_values = when->at("values").get<std::vector<std::string>>();
    }
    value.add(std::move(parameter));
  }
}

void to_json(Json& json, const Params& value) {
  json = Json::object();
  for (const auto& [name, v] : value.values()) json[name] = value_json(v);
}

void from_json(const Json& json, Params& value) {
  value = Params();
  for (const auto& [name, v] : json.items()) value.set(name, value_of(v));
}

Params typed(const Params& params, const Schema& schema) {
  Params result;
  for (const Parameter& parameter : schema.parameters()) {
    const auto found = params.values().find(parameter.name);
    if (found != params.values().end()) {
      ParamValue value = as_type(found->second, parameter.type);
      const bool one = one_or_pair(parameter) && std::holds_alternative<std::int64_t>(value);
      if (!one && !has_type(value, parameter.type))
        throw Error(ErrorKind::Plugin, parameter.name + " is not a " + std::string(to_string(parameter.type)),
                    "see `cambium plugins`");
      result.set(parameter.name, std::move(value));
    } else if (parameter.default_value) {
      result.set(parameter.name, *parameter.default_value);
    }
  }
  for (const auto& [name, value] : params.values())
    if (!schema.find(name)) throw Error(ErrorKind::Plugin, "there is no parameter " + name, "see `cambium plugins`");
  return result;
}

void to_json(Json& json, const TransferPlan& value) {
  Json weights = Json::array(), phases = Json::array();
  for (Weights w : value.weights) weights.push_back(to_name(w, kWeights));
  for (const Phase& phase : value.phases) {
    Json layers = Json::array();
    for (const LayerPlan& layer : phase.layers) layers.push_back(layer_json(layer));
    phases.push_back({{"epoch", phase.epoch}, {"layers", layers}, {"head", layer_json(phase.head)}});
  }
  json = {{"weights", weights},
          {"head", to_name(value.head, kWeights)},
          {"phases", phases},
          {"source_share", value.source_share}};
}

void from_json(const Json& json, TransferPlan& value) {
  value = {};
  for (const Json& weights : json.at("weights")) value.weights.push_back(from_name(weights, kWeights));
  value.head = from_name(json.at("head"), kWeights);
  for (const Json& entry : json.at("phases")) {
    Phase phase;
    phase.epoch = entry.at("epoch");
    for (const Json& layer : entry.at("layers")) phase.layers.push_back(layer_of(layer));
    phase.head = layer_of(entry.at("head"));
    value.phases.push_back(std::move(phase));
  }
  value.source_share = json.at("source_share");
}

}  // namespace cambium
