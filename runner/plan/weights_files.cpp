#include "plan/weights_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "cambium/files.h"
#include "cambium/schema.h"
#include "plan/checks.h"
#include "protocol/settings.h"
#include "weights/fit.h"
#include "weights/names.h"
#include "weights/weights_file.h"

namespace cambium {
namespace {

bool near(const std::vector<double>& one, const std::vector<double>& other) {
  constexpr double kDifference = 1e-6;  // a card may have been written in single precision
  if (one.size() != other.size()) return false;
  for (std::size_t i = 0; i < one.size(); ++i)
    if (!(std::abs(one[i] - other[i]) <= kDifference)) return false;
  return true;
}

/// What stands before the last part of each name, and before those: "module." and "module.encoder." of
/// "module.encoder.weight".
std::vector<std::string> prefixes_of(const std::vector<std::string>& names) {
  std::set<std::string> prefixes;
  for (const std::string& name : names)
    for (std::size_t dot = name.rfind('.'); dot != std::string::npos && dot > 0; dot = name.rfind('.', dot - 1))
      if (!prefixes.insert(name.substr(0, dot + 1)).second) break;
  return {prefixes.begin(), prefixes.end()};
}

/// The outermost of them, a few.
std::string told_prefixes(const std::vector<std::string>& prefixes) {
  constexpr std::size_t kTold = 8;
  std::vector<std::string> outer;
  for (const std::string& prefix : prefixes)
    if (std::count(prefix.begin(), prefix.end(), '.') <= 2) outer.push_back(prefix);
  if (outer.size() > kTold) outer.resize(kTold);
  return fmt::format("{}", fmt::join(outer, ", "));
}

bool has_key(const WeightsFacts& facts, const std::string& key) {
  return std::any_of(facts.places.begin(), facts.places.end(),
                     [&](const auto& place) { return place == key || (!key.empty() && has_run(place, key)); });
}

bool has_prefix(const std::vector<std::string>& names, const std::string& prefix) {
  const auto bare = [](const std::string& name) { return bare_name(name, true); };
  return prefix.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return name.starts_with(prefix) || has_run(bare(name), bare(prefix));
         });
}

/// Whether the file has what `init` chooses.
bool check_choice(const Init& init, const WeightsFacts& facts, Problems& problems) {
  const auto near_or = [](const std::optional<std::string>& near, const std::string& otherwise) {
    return near ? fmt::format("did you mean \"{}\"?", *near) : otherwise;
  };
  if (init.key && !has_key(facts, *init.key)) {
    std::vector<std::string> keys;
    for (const std::string& place : facts.places)
      if (!place.empty()) keys.push_back(place);
    const bool prefix = has_prefix(facts.names, *init.key);
    problems.error(init.key_place, fmt::format("{} has no dictionary of tensors at \"{}\"", facts.path, *init.key),
                   prefix ? fmt::format("names in it begin so: write prefix = \"{}\"", *init.key)
                   : keys.empty()
                       ? "its tensors lie in no dictionary within another: leave key out"
                       : near_or(suggestion(*init.key, keys), fmt::format("it has them at {}", fmt::join(keys, ", "))));
    return false;
  }
  if (init.prefix && !has_prefix(facts.names, *init.prefix)) {
    const std::vector<std::string> prefixes = prefixes_of(facts.names);
    problems.error(init.prefix_place,
                   fmt::format("no tensor of {} has a name that begins with \"{}\"", facts.path, *init.prefix),
                   has_key(facts, *init.prefix) && !init.prefix->empty()
                       ? fmt::format("a dictionary in it is called so: write key = \"{}\"", *init.prefix)
                   : prefixes.empty() ? "its names have nothing before them: leave prefix out"
                                      : near_or(suggestion(*init.prefix, prefixes),
                                                fmt::format("its names begin with {}", told_prefixes(prefixes))));
    return false;
  }
  return true;
}

}  // namespace

const WeightsFacts* WeightsFiles::open(const Init& init) {
  const std::string file = resolve_path(data_root_, init.file).string();
  const auto [found, fresh] = files_.emplace(file, std::nullopt);
  if (fresh) {
    std::error_code ignored;
    try {
      const std::filesystem::path path = weights_path(file);
      const WeightsFile weights(path);
      WeightsFacts facts;
      facts.path = path.string();
      facts.sha256 = weights.sha256();
      facts.card = read_card(path, weights.index().metadata, facts.sha256);
      facts.places = weights.index().places;
      for (const StoredTensor& tensor : weights.index().tensors) facts.names.push_back(tensor.name);
      found->second = std::move(facts);
      by_path_[found->second->path] = &*found->second;
    } catch (const Error& error) {
      const bool there = std::filesystem::exists(file, ignored);
      problems_.error(
          init.place, error.message(),
          there ? error.hint() : fmt::format("paths are relative to the data root, {}", data_root_.string()));
    }
  }
  return found->second && check_choice(init, *found->second, problems_) ? &*found->second : nullptr;
}

std::int64_t WeightsFiles::generation(const std::string& file) {
  try {
    const std::filesystem::path path = weights_path(file);
    const WeightsFile weights(path);
    const auto card = read_card(path, weights.index().metadata, {});
    if (!card || card->study.count("generation") == 0) return 0;
    return std::max<std::int64_t>(0, std::strtoll(card->study.at("generation").c_str(), nullptr, 10));
  } catch (const Error&) {
    return 0;  // told where something is taken from it
  }
}

const std::vector<std::string>& WeightsFiles::classes(const std::string& file) const {
  static const std::vector<std::string> none;
  const auto found = by_path_.find(file);
  return found != by_path_.end() && found->second->card ? found->second->card->classes : none;
}

void WeightsFiles::take(Cell& cell, const Stage& stage, const Init& init) {
  cell.source_key = init.key;
  cell.source_prefix = init.prefix;
  const auto [known, fresh] = variants_.insert(
      {{cell.source_file, init.key, init.prefix, &stage, cell.network.get(), cell.data.get()}, std::string()});
  if (fresh) known->second = check(cell, stage, init.place);
  cell.source_variant = known->second;
}

std::string WeightsFiles::check(const Cell& cell, const Stage& stage, const Place& place) {
  const WeightsFacts& facts = *by_path_.at(cell.source_file);
  // A part of the classes is taken of a head for all of them.
  const std::size_t classes = cell.head_rows.empty() ? cell.dataset->classes.size() : facts.card->classes.size();
  const NetworkRequest network{cell.backbone->component,
                               cell.strategy->component,
                               input_shape(cell.data->settings, cell.dataset->shape),
                               std::int64_t(classes),
                               cell.train->settings.integer("epochs"),
                               data_root_.string()};
  const WeightsRef weights{cell.source_file, facts.sha256, cell.source_key, cell.source_prefix};
  const WeightsFit fit = resolver_.weights({{network, weights}}).front();
  if (fit.failure)
    problems_.error(place, fit.failure->message, fit.failure->hint);
  else if (const std::int64_t own = network.shape.channels, other = own == 1 ? 3 : 1;
           !fit.faults.empty() && fits(network, other, weights)) {
    problems_.error(cell.data->place,
                    fmt::format("stage {} has images of {}, and {} is of a network for images of {}", stage.name,
                                channels_text(own), cell.source_file, channels_text(other)),
                    fmt::format("set channels = {} in the stage's data", other));
    return {};
  } else if (!fit.faults.empty())
    tell_misfit(fit, cell, facts, place);
  for (const std::string& note : fit.notes)
    problems_.warning(place, fmt::format("{}: {}", cell.source_file, note),
                      "to take the copy, or to say so in the study, give init its key or prefix");
  for (const std::string& adapted : fit.adapted)
    problems_.warning(place, fmt::format("{}: {}", cell.source_file, adapted),
                      "images of the size that it was trained with, by resize and center_crop, need none of it");
  if (facts.card && std::count(stage.allow.begin(), stage.allow.end(), "normalisation") == 0)
    check_card(*facts.card, cell, stage.name);
  return fit.variant;
}

void WeightsFiles::tell_misfit(const WeightsFit& fit, const Cell& cell, const WeightsFacts& facts, const Place& place) {
  const std::string shard = shard_of(std::filesystem::path(cell.source_file).filename().string());
  std::string hint = fit.hint;
  if (facts.card && !facts.card->architecture.empty())
    hint = fmt::format("its card says that it is of {} with {}", facts.card->architecture, facts.card->parameters);
  if (!shard.empty()) hint = "name the index of all shards, or the folder that they are in";
  if (hint.empty()) hint = "take the backbone that the file was trained as, with the same parameters";
  problems_.error(place,
                  fmt::format("{} {}does not fit backbone {}: {}", cell.source_file,
                              shard.empty() ? "" : fmt::format("is one shard of several, {}, and ", shard),
                              cell.backbone->component.plugin, fault_text(fit.faults)),
                  hint);
}

bool WeightsFiles::fits(NetworkRequest network, std::int64_t channels, const WeightsRef& weights) {
  network.shape.channels = channels;
  const WeightsFit fit = resolver_.weights({{network, weights}}).front();
  return !fit.failure && fit.faults.empty();
}

void WeightsFiles::check_card(const WeightsCard& card, const Cell& cell, const std::string& stage) {
  const ImageShape shape = input_shape(cell.data->settings, cell.dataset->shape);
  const std::int64_t stated = card.mean.size() > 1 ? std::int64_t(card.mean.size()) : shape.channels,
                     channels = card.input.empty() ? stated : card.input.front();
  if (channels != shape.channels)
    return problems_.error(
        cell.data->place,
        fmt::format("stage {} has images of {}, and the weights that it starts from had {}, says {}", stage,
                    channels_text(shape.channels), channels_text(channels), card.path.string()),
        fmt::format("set channels = {} in the stage's data", channels));
  const std::string how = interpolation(cell.data->settings, cell.network->input);
  if (!card.interpolation.empty() && !how.empty() && how != card.interpolation)
    problems_.error(cell.data->place,
                    fmt::format("stage {} resizes its images by {} interpolation, and the weights that it starts from "
                                "want {}, says {}",
                                stage, how, card.interpolation, card.path.string()),
                    fmt::format("set interpolation = \"{}\" in the stage's data", card.interpolation));
  const auto [mean, std] = normalisation(cell.data->settings, cell.network->input, shape.channels);
  if (!card.mean.empty() && !(near(mean, card.mean) && near(std, card.std)))
    problems_.error(
        cell.data->place,
        fmt::format(
            "stage {} normalises with mean [{}] and std [{}], and the weights that it starts from with [{}] and "
            "[{}], says {}",
            stage, fmt::join(mean, ", "), fmt::join(std, ", "), fmt::join(card.mean, ", "), fmt::join(card.std, ", "),
            card.path.string()),
        fmt::format("transferred layers expect the input that they were trained on: set mean = [{}] and std = [{}] in "
                    "the stage's data",
                    fmt::join(card.mean, ", "), fmt::join(card.std, ", ")));
  const std::vector<std::int64_t> here = {shape.channels, shape.height, shape.width};
  if (!card.input.empty() && card.input != here)
    problems_.warning(cell.data->place,
                      fmt::format("stage {} has images of [{}], and the weights that it starts from had [{}], says {}",
                                  stage, fmt::join(here, ", "), fmt::join(card.input, ", "), card.path.string()),
                      "features depend on the size of what is seen: unusual, though it may be meant");
}

}  // namespace cambium
