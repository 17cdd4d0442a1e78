#include "store/event.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace cambium {
namespace {

using Json = nlohmann::json;

const Json& member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw std::runtime_error(fmt::format("\"{}\" is missing", key));
  return *found;
}

std::runtime_error wrong(const std::string& key, const char* wanted) {
  return std::runtime_error(fmt::format("\"{}\" is not {}", key, wanted));
}

std::int64_t integer(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_number_integer()) throw wrong(key, "an integer");
  return value.get<std::int64_t>();
}

std::string string(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_string()) throw wrong(key, "a string");
  return value.get<std::string>();
}

/// A number, or the "nan", "inf", "-inf" that JSON has no numbers for.
double number(const Json& value, const std::string& key) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
  }
  throw wrong(key, "a number");
}

std::optional<std::int64_t> optional_integer(const Json& object, const char* key) {
  return object.contains(key) ? std::optional(integer(object, key)) : std::nullopt;
}

std::string optional_string(const Json& object, const char* key) {
  return object.contains(key) ? string(object, key) : std::string();
}

void read_metrics(const Json& object, Event& event) {
  const Json& metrics = member(object, "metrics");
  if (!metrics.is_object()) throw wrong("metrics", "an object");
  event.metrics.reserve(metrics.size());
  for (const auto& [name, value] : metrics.items()) event.metrics.emplace_back(name, number(value, name));
}

void read_weights(const Json& object, Event& event) {
  const auto weights = object.find("weights");
  if (weights == object.end()) return;
  if (!weights->is_array()) throw wrong("weights", "a list");
  for (const Json& one : *weights) {
    if (!one.is_object()) throw wrong("weights", "a list of objects");
    event.weights.push_back({string(one, "kind"), string(one, "path"), string(one, "sha256"), integer(one, "bytes")});
  }
}

void read_started(const Json& object, Event& event) {
  event.resumed_epoch = optional_integer(object, "resumed_epoch").value_or(0);
  event.trainable = optional_integer(object, "trainable");
  event.total = optional_integer(object, "total");
  event.train_images = optional_integer(object, "train_images");
  event.selection = optional_string(object, "selection");
  event.note = optional_string(object, "note");
  if (const auto found = object.find("provenance"); found != object.end()) {
    if (!found->is_object()) throw wrong("provenance", "an object");
    event.provenance = found->dump();
  }
}

}  // namespace

Event parse_event(std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  if (object.is_discarded()) throw std::runtime_error("it is not JSON");
  if (!object.is_object()) throw std::runtime_error("it is not a JSON object");

  Event event;
  event.seq = integer(object, "seq");
  if (event.seq < 0) throw wrong("seq", "a count from 0");
  event.time = number(member(object, "time"), "time");
  if (object.contains("seconds")) event.seconds = number(object["seconds"], "seconds");

  const std::string type = string(object, "type");
  if (type == "started") {
    event.type = Event::Type::Started;
    read_started(object, event);
  } else if (type == "epoch") {
    event.type = Event::Type::Epoch;
    event.epoch = integer(object, "epoch");
    read_metrics(object, event);
  } else if (type == "finished") {
    event.type = Event::Type::Finished;
    read_metrics(object, event);
    read_weights(object, event);
  } else if (type == "failed") {
    event.type = Event::Type::Failed;
    event.kind = string(object, "kind");
    if (failure_kind(event.kind) == FailureKind::None) throw wrong("kind", "a kind of failure");
    event.message = string(object, "message");
    event.hint = optional_string(object, "hint");
  } else {
    throw std::runtime_error(fmt::format("no event is called \"{}\"", type));
  }
  return event;
}

}  // namespace cambium
