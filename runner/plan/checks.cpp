#include "plan/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "plan/class_names.h"
#include "plan/cost.h"
#include "plan/image_checks.h"
#include "protocol/settings.h"

namespace cambium {
Place place_of(const BuiltPart& built, const std::string& key) {
  const Value* value = built.table.find(key);
  return value ? value->place : built.part->place;
}

void check_data(const BuiltPart& data, const DatasetFacts& facts, Problems& problems) {
  const Params& settings = data.part->settings;
  for (const char* key : {"mean", "std"}) {
    const auto& values = settings.numbers(key);
    const std::int64_t channels = input_channels(settings, facts.shape.channels);
    if (values.size() > 1 && values.size() != std::size_t(channels))
      problems.error(
          place_of(data, key),
          fmt::format("{} has {} numbers, and the images have {}", key, values.size(), channels_text(channels)),
          "give one for each channel, or one for all; or have the images in others, as with channels = 3");
    if (std::string_view(key) == "std" && std::any_of(values.begin(), values.end(), [](double v) { return v <= 0; }))
      problems.error(place_of(data, key), "a standard deviation is above 0",
                     "give the pixels' own, for pixels from 0 to 1");
  }
  check_images(data, facts, problems);
  if (facts.per_class.count("test") == 0)
    problems.warning(data.part->place, fmt::format("{} has no test split here", data.part->component.plugin),
                     "no test accuracy will be reported");
}

void check_trained_classes(const BuiltPart& data, const DatasetFacts& facts, Problems& problems) {
  const auto train = facts.per_class.find("train");
  std::vector<std::string> without;
  for (std::size_t c = 0; c < facts.classes.size(); ++c)
    if (train == facts.per_class.end() || train->second[c] == 0) without.push_back(facts.classes[c]);
  if (without.empty()) return;
  constexpr std::size_t kMostNamed = 10;
  const std::size_t told = std::min(without.size(), kMostNamed), rest = without.size() - told;
  problems.error(data.part->place,
                 fmt::format("{} has no training images of class{} {}{}", data.part->component.plugin,
                             without.size() > 1 ? "es" : "",
                             fmt::join(without.begin(), without.begin() + std::ptrdiff_t(told), ", "),
                             rest > 0 ? fmt::format(" and {} more", rest) : ""),
                 "what a network never saw it cannot tell: add images, or leave the class out with except");
}

std::string channels_text(std::int64_t channels) {
  return channels == 1 ? "1 channel" : fmt::format("{} channels", channels);
}

void check_classes(const BuiltPart& data, const DatasetFacts& facts, const NetworkInfo& network, Problems& problems) {
  if (facts.classes.size() != 1 || network.plan.head != Weights::Fresh) return;
  problems.error(
      data.part->place,
      fmt::format("the data has a single class, {}: every network is right about all of it", facts.classes.front()),
      "give data of two classes or more; is the root the folder that the class folders are in?");
}

namespace {

/// A norm over vectors, or over maps of one place, has nothing to normalise by in a step of one image.
void check_batch(const Cell& cell, const std::string& stage, Problems& problems) {
  if (!cell.train->settings.has("batch")) return;  // all at once
  const auto batch = cell.train->settings.integer("batch");
  const auto train = cell.dataset->per_class.find("train");
  const auto images = train == cell.dataset->per_class.end()
                          ? std::int64_t{0}
                          : std::accumulate(train->second.begin(), train->second.end(), std::int64_t{0});
  const NetworkInfo& network = *cell.network;
  if (network.least_batch < 2 || network.plan.source_share > 0 || cell.train->settings.integer("epochs") == 0 ||
      images == 0 || std::min(batch, images) > 1)
    return;
  problems.error(batch == 1 ? cell.train->place : cell.data->place,
                 fmt::format("stage {} learns from one image at a time, of which a norm of {} has one value a channel: "
                             "from that nothing can be normalised",
                             stage, cell.backbone->component.plugin),
                 batch == 1 ? "set train.batch to 2 or more; an image left over joins the batch before"
                            : "give it more than one training image");
}

/// What stands in the way of fitting a head to all images at once; empty: nothing.
std::string why_no_fit(const Cell& cell) {
  const NetworkInfo& network = *cell.network;
  const auto& phases = network.plan.phases;
  if (!network.linear_head) return fmt::format("the head of {} is more than linear", cell.backbone->component.plugin);
  if (const std::size_t prefix = frozen_prefix(cell); prefix < network.layers.size())
    return fmt::format("layer {} is not frozen in eval mode throughout", network.layers[prefix].name);
  if (std::any_of(phases.begin(), phases.end(),
                  [](const Phase& phase) { return phase.head.trainable != Trainable::All; }))
    return "the head does not learn throughout, or not wholly";
  if (network.plan.source_share > 0) return "the strategy mixes in source images";
  if (augments(cell)) return "training images are augmented, each time otherwise";
  return "";
}

void check_fit(const Cell& cell, const std::string& stage, Problems& problems) {
  const Params& train = cell.train->settings;
  if (train.string("optimizer") != "lbfgs" || train.integer("epochs") == 0) return;
  if (const std::string reason = why_no_fit(cell); !reason.empty())
    problems.error(
        cell.train->place,
        fmt::format("stage {} cannot be fitted by lbfgs with {}: {}", stage, cell.strategy->component.plugin, reason),
        "lbfgs fits a linear head on frozen layers: set strategy = \"feature_extraction\" and no "
        "augmentation, or take sgd, adam or adamw");
}

}  // namespace

void check_cell(Cell& cell, const std::vector<std::string>& classes, const std::string& stage, Problems& problems) {
  match_head(cell, classes, stage, problems);
  check_batch(cell, stage, problems);
  check_fit(cell, stage, problems);
}

void check_transfer(const Cell& source, const Cell& target, const std::string& stage, const Place& place,
                    Problems& problems) {
  const auto& from = source.network->layers;
  const auto& to = target.network->layers;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (target.network->plan.weights[i] == Weights::Fresh) continue;
    if (i >= from.size() || from[i].name != to[i].name) {
      problems.error(
          place,
          fmt::format("stage {} takes layer {} from a network that has none of that name there", stage, to[i].name),
          "give both stages the same backbone");
      return;
    }
    const auto channels = [](const Cell& cell) {
      return input_channels(cell.data->settings, cell.dataset->shape.channels);
    };
    if (from[i].parameters != to[i].parameters && channels(source) != channels(target)) {
      problems.error(target.data->place,
                     fmt::format("stage {} has images of {}, and the network that it starts from was trained on images "
                                 "of {}",
                                 stage, channels_text(channels(target)), channels_text(channels(source))),
                     fmt::format("set channels = {} in the data of stage {}", channels(source), stage));
      return;
    }
    if (from[i].parameters != to[i].parameters) {
      const auto shape = [](const Cell& cell) {
        const ImageShape seen = input_shape(cell.data->settings, cell.dataset->shape);
        return fmt::format("{}x{}x{}", seen.channels, seen.height, seen.width);
      };
      problems.error(place,
                     fmt::format("layer {} has {} parameters here and {} in the network that stage {} starts from",
                                 to[i].name, to[i].parameters, from[i].parameters, stage),
                     fmt::format("give both the same backbone and images of one shape (here {}, there {})",
                                 shape(target), shape(source)));
      return;
    }
  }
  const ImageShape wanted = input_shape(target.data->settings, target.dataset->shape),
                   given = input_shape(source.data->settings, source.dataset->shape);
  if (target.network->plan.source_share > 0 && given != wanted)
    problems.error(place,
                   fmt::format("stage {} mixes images of {}x{}x{} with the source's of {}x{}x{}", stage,
                               wanted.channels, wanted.height, wanted.width, given.channels, given.height, given.width),
                   "give both stages images of one shape");
}

void check_normalisation(const Cell& source, const Cell& target, const std::string& stage, Problems& problems) {
  const auto here = normalisation(target.data->settings, target.network->input,
                                  input_channels(target.data->settings, target.dataset->shape.channels));
  const auto there = normalisation(source.data->settings, source.network->input,
                                   input_channels(source.data->settings, source.dataset->shape.channels));
  if (here != there)
    problems.error(
        target.data->place,
        fmt::format(
            "stage {} normalises with mean [{}] and std [{}], the network that it starts from with [{}] and [{}]",
            stage, fmt::join(here.first, ", "), fmt::join(here.second, ", "), fmt::join(there.first, ", "),
            fmt::join(there.second, ", ")),
        "transferred layers expect the input that they were trained on: give both stages the same data.mean and "
        "data.std");
  const std::string how = interpolation(target.data->settings, target.network->input),
                    before = interpolation(source.data->settings, source.network->input);
  if (!how.empty() && !before.empty() && how != before)
    problems.warning(target.data->place,
                     fmt::format("stage {} resizes its images by {} interpolation, the stage that it starts from by {}",
                                 stage, how, before),
                     "unusual, though it may be meant: data.interpolation says which");
}

void check_disjoint(const Cell& source, const Cell& target, const std::string& stage, const Place& place,
                    Problems& problems) {
  if (source.dataset->fingerprint != target.dataset->fingerprint) return;
  std::vector<std::string> shared;
  for (const std::string& name : target.dataset->classes)
    if (std::find(source.dataset->classes.begin(), source.dataset->classes.end(), name) !=
        source.dataset->classes.end())
      shared.push_back(name);
  if (shared.empty()) return;
  problems.error(place,
                 fmt::format("the cells of stage {} and what they start from are not disjoint: they share class{} {}",
                             stage, shared.size() > 1 ? "es" : "", fmt::join(shared, ", ")),
                 "give the two data tables other classes, as with half or except, or take disjoint out");
}

}  // namespace cambium
