#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace cambium {

/// What is said of a weights file, in FILE.card.json beside it, or in safetensors that Cambium wrote. Everything may be
/// absent, as in a card by hand that states nothing but the preprocessing.
struct WeightsCard {
  std::string architecture;  ///< the backbone's plugin
  std::string parameters;    ///< its parameters, a JSON object
  std::vector<std::string> classes;
  std::vector<double> mean, std;             ///< what images in [0, 1] are normalised with, one a channel
  std::vector<std::int64_t> input;           ///< [channels, height, width] of an image as the network sees it
  std::string interpolation;                 ///< of that resizing, "bilinear" or "bicubic"; empty: not said
  std::int64_t resize = 0;                   ///< shorter side before the crop to `input`; 0: none
  std::string dataset, fingerprint;          ///< what it was trained on
  std::map<std::string, std::string> study;  ///< study, stage, arm, cell, seed, ...
  std::map<std::string, double> accuracy;    ///< "test_accuracy": 0.93
  std::string sha256;                        ///< of the weights file
  std::filesystem::path path;                ///< where the card was read
};

/// "x.pth.card.json" for "x.pth".
std::filesystem::path card_path(const std::filesystem::path& weights);

/// The card as JSON, to be read back by read_card().
nlohmann::json to_card_json(const WeightsCard& card);

/// The card of `weights`: the file beside it, else what `metadata` of safetensors holds under "cambium", else nothing.
/// Throws Error{Data} for a card that is no card, and for one that belongs to another file than one of `sha256`.
std::optional<WeightsCard> read_card(const std::filesystem::path& weights,
                                     const std::map<std::string, std::string>& metadata, const std::string& sha256);

/// Writes it beside `weights`. Throws Error{System}.
void write_card(const std::filesystem::path& weights, const WeightsCard& card);

}  // namespace cambium
