#include "weights/card.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cambium/error.h"
#include "cambium/files.h"

namespace cambium {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// The member, or `otherwise` where it is absent or null.
template <class T>
T value_of(const Json& json, const char* key, T otherwise = {}) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return !json.is_object() || found == json.end() || found->is_null() ? otherwise : found->get<T>();
}

Json object_of(const Json& json, const char* key) { return value_of<Json>(json, key, Json::object()); }

std::map<std::string, double> numbers_of(const Json& json) {
  std::map<std::string, double> numbers;
  for (const auto& [name, value] : json.items())
    if (value.is_number()) numbers[name] = value.get<double>();
  return numbers;
}

std::map<std::string, std::string> texts_of(const Json& json) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : json.items())
    texts[name] = value.is_string() ? value.get<std::string>() : value.dump();
  return texts;
}

WeightsCard card_of(const Json& json) {
  WeightsCard card;
  const Json architecture = object_of(json, "architecture"), preprocessing = object_of(json, "preprocessing"),
             data = object_of(json, "data");
  card.architecture = value_of<std::string>(architecture, "plugin");
  card.parameters = object_of(architecture, "params").dump();
  card.classes = value_of<std::vector<std::string>>(architecture, "classes");
  card.mean = value_of<std::vector<double>>(preprocessing, "mean");
  card.std = value_of<std::vector<double>>(preprocessing, "std");
  card.input = value_of<std::vector<std::int64_t>>(preprocessing, "input");
  card.resize = value_of<std::int64_t>(preprocessing, "resize", 0);
  card.interpolation = value_of<std::string>(preprocessing, "interpolation");
  card.dataset = value_of<std::string>(data, "plugin");
  card.fingerprint = value_of<std::string>(data, "fingerprint");
  card.study = texts_of(object_of(json, "study"));
  card.accuracy = numbers_of(object_of(json, "accuracy"));
  card.sha256 = value_of<std::string>(json, "sha256");
  return card;
}

/// What the trainer writes into its own files.
WeightsCard card_of_metadata(const Json& json) {
  WeightsCard card;
  const Json backbone = object_of(json, "backbone");
  card.architecture = value_of<std::string>(backbone, "plugin");
  card.parameters = object_of(backbone, "params").dump();
  card.classes = value_of<std::vector<std::string>>(json, "classes");
  card.mean = value_of<std::vector<double>>(json, "mean");
  card.std = value_of<std::vector<double>>(json, "std");
  card.input = value_of<std::vector<std::int64_t>>(json, "input");
  card.interpolation = value_of<std::string>(json, "interpolation");
  card.dataset = value_of<std::string>(json, "dataset");
  card.fingerprint = value_of<std::string>(json, "fingerprint");
  for (const char* key : {"cell", "kind", "seed", "generation", "epochs"})
    if (json.contains(key)) card.study[key] = json[key].is_string() ? json[key].get<std::string>() : json[key].dump();
  card.accuracy = numbers_of(object_of(json, "metrics"));
  return card;
}

}  // namespace

fs::path card_path(const fs::path& weights) { return weights.string() + ".card.json"; }

Json to_card_json(const WeightsCard& card) {
  const Json parameters = Json::parse(card.parameters.empty() ? "{}" : card.parameters, nullptr, false);
  Json preprocessing = {{"mean", card.mean}, {"std", card.std}, {"input", card.input}};
  preprocessing["resize"] = card.resize > 0 ? Json(card.resize) : Json();
  if (!card.interpolation.empty()) preprocessing["interpolation"] = card.interpolation;
  return {{"cambium_card", 1},
          {"architecture", {{"plugin", card.architecture}, {"params", parameters}, {"classes", card.classes}}},
          {"preprocessing", preprocessing},
          {"data", {{"plugin", card.dataset}, {"fingerprint", card.fingerprint}}},
          {"study", card.study},
          {"accuracy", card.accuracy},
          {"sha256", card.sha256}};
}

std::optional<WeightsCard> read_card(const fs::path& weights, const std::map<std::string, std::string>& metadata,
                                     const std::string& sha256) {
  const fs::path path = card_path(weights);
  std::error_code ignored;
  const bool beside = fs::exists(path, ignored);
  const auto own = metadata.find("cambium");
  if (!beside && own == metadata.end()) return std::nullopt;
  WeightsCard card;
  try {
    constexpr std::size_t kMostText = std::size_t{1} << 24;
    if (beside) {
      const auto bytes = read_bytes(path, kMostText);
      card = card_of(Json::parse(bytes.begin(), bytes.end()));
    } else {
      card = card_of_metadata(Json::parse(own->second));
    }
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::Data, (beside ? path : weights).string() + ": the card cannot be read: " + error.what(),
                "docs/weights.md shows what a card holds; mend it, or take it away");
  }
  card.path = beside ? path : weights;
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  if (card.mean.size() != card.std.size() || !std::all_of(card.std.begin(), card.std.end(), positive))
    throw Error(ErrorKind::Data, card.path.string() + ": the card has no mean and std that go together",
                "give as many numbers for both, and no std of 0 or below");
  if (!card.sha256.empty() && !sha256.empty() && card.sha256 != sha256)
    throw Error(ErrorKind::Data,
                card.path.string() + ": the card belongs to another file: it states SHA-256 " +
                    card.sha256.substr(0, 16) + "..., and " + weights.filename().string() + " has " +
                    sha256.substr(0, 16) + "...",
                "one of the two was replaced: fetch or export both again");
  return card;
}

void write_card(const fs::path& weights, const WeightsCard& card) {
  write_file(card_path(weights), to_card_json(card).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace cambium
