#include "plan/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "protocol/settings.h"

namespace cambium {
namespace {

Place place_of(const BuiltPart& built, const char* key) {
  const Value* value = built.table.find(key);
  return value ? value->place : built.part->place;
}

}  // namespace

void check_data(const BuiltPart& data, const DatasetFacts& facts, Problems& problems) {
  const Params& settings = data.part->settings;
  const auto train = facts.per_class.find("train");
  const auto per_class = settings.integer("per_class"), held_out = settings.integer("validation_per_class");
  const double fraction = settings.number("validation");
  if (fraction > 0 && held_out > 0)
    problems.error(place_of(data, "validation_per_class"), "validation and validation_per_class are both there",
                   "keep one of the two");
  if (train != facts.per_class.end() && (per_class > 0 || held_out > 0))
    for (std::size_t c = 0; c < train->second.size(); ++c) {
      const std::int64_t there = train->second[c];
      const std::int64_t kept =
          fraction > 0 ? std::max<std::int64_t>(1, std::llround(fraction * double(there))) : held_out;
      if (kept + per_class <= there) continue;
      problems.error(place_of(data, per_class > 0 ? "per_class" : "validation_per_class"),
                     fmt::format("class {} of {} has {} training images, fewer than the {} asked for", facts.classes[c],
                                 data.part->component.plugin, there, kept + per_class),
                     kept > 0
                         ? fmt::format("that is {} to train on and {} for validation; ask for less", per_class, kept)
                         : fmt::format("ask for {} or fewer", there));
      break;
    }
  for (const char* key : {"mean", "std"}) {
    const auto& values = settings.numbers(key);
    if (values.size() > 1 && values.size() != std::size_t(facts.shape.channels))
      problems.error(
          place_of(data, key),
          fmt::format("{} has {} numbers, and the images have {} channels", key, values.size(), facts.shape.channels),
          "give one for each channel, or one for all");
    if (std::string_view(key) == "std" && std::any_of(values.begin(), values.end(), [](double v) { return v <= 0; }))
      problems.error(place_of(data, key), "a standard deviation is above 0",
                     "give the pixels' own, for pixels from 0 to 1");
  }
  if (facts.per_class.count("test") == 0)
    problems.warning(data.part->place, fmt::format("{} has no test split here", data.part->component.plugin),
                     "no test accuracy will be reported");
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
    if (from[i].parameters != to[i].parameters) {
      const auto shape = [](const DatasetFacts& d) {
        return fmt::format("{}x{}x{}", d.shape.channels, d.shape.height, d.shape.width);
      };
      problems.error(place,
                     fmt::format("layer {} has {} parameters here and {} in the network that stage {} starts from",
                                 to[i].name, to[i].parameters, from[i].parameters, stage),
                     fmt::format("give both the same backbone and images of one shape (here {}, there {})",
                                 shape(*target.dataset), shape(*source.dataset)));
      return;
    }
  }
  const ImageShape &wanted = target.dataset->shape, &given = source.dataset->shape;
  if (target.network->plan.source_share > 0 &&
      (given.channels != wanted.channels || given.height != wanted.height || given.width != wanted.width))
    problems.error(place,
                   fmt::format("stage {} mixes images of {}x{}x{} with the source's of {}x{}x{}", stage,
                               wanted.channels, wanted.height, wanted.width, given.channels, given.height, given.width),
                   "give both stages images of one shape");
  const auto here = normalisation(target.data->settings, target.network->input, target.dataset->shape.channels);
  const auto there = normalisation(source.data->settings, source.network->input, source.dataset->shape.channels);
  if (here != there)
    problems.error(
        target.data->place,
        fmt::format(
            "stage {} normalises with mean [{}] and std [{}], the network that it starts from with [{}] and [{}]",
            stage, fmt::join(here.first, ", "), fmt::join(here.second, ", "), fmt::join(there.first, ", "),
            fmt::join(there.second, ", ")),
        "transferred layers expect the input that they were trained on: give both stages the same data.mean and "
        "data.std");
}

}  // namespace cambium
