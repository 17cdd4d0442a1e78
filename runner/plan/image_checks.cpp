#include "plan/image_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "plan/checks.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

constexpr std::size_t kMostNamed = 10;

/// Every image must come out at one size, and training images at that of all others.
void check_shape(const BuiltPart& data, const ImageShape& raw, Problems& problems) {
  const Params& settings = data.part->settings;
  const ImageShape shape = input_shape(settings, raw);
  const std::int64_t random = settings.integer("random_resized_crop");
  if (shape.height == 0) {
    problems.error(
        data.part->place,
        fmt::format("the images of {} may be of any size, and nothing says at which {}", data.part->component.plugin,
                    random > 0 ? "validation and test see them" : "the network sees them"),
        "add resize and center_crop: resize = 256, center_crop = 224 is what ImageNet networks expect; where all "
        "are squares of one size, that size as both");
    return;
  }
  if (random > 0 && (shape.height != random || shape.width != random))
    problems.error(place_of(data, "random_resized_crop"),
                   fmt::format("training images come out as {}x{}, and those of validation and test as {}x{}", random,
                               random, shape.height, shape.width),
                   fmt::format("what is evaluated is resized and cropped by resize and center_crop: add center_crop = "
                               "{} and a resize of about {}",
                               random, random * 8 / 7));
}

/// Whether the images can be in the channels that are wanted.
bool check_channels(const BuiltPart& data, std::int64_t own, Problems& problems) {
  const std::int64_t wanted = data.part->settings.integer("channels");
  if (wanted == 0 || wanted == own || (wanted != 2 && (own == 1 || own == 3))) return true;
  problems.error(place_of(data, "channels"),
                 fmt::format("images of {} cannot become ones of {}", channels_text(own), channels_text(wanted)),
                 "channels = 3 is for grey images, channels = 1 for those of three channels");
  return false;
}

void check_interval(const BuiltPart& data, const std::string& key, Problems& problems) {
  const auto& values = data.part->settings.numbers(key);
  if (values.size() != 2 || values[0] > values[1])
    problems.error(place_of(data, key), fmt::format("{} takes the least and the greatest value", key),
                   fmt::format("write {} = [0.5, 1.0], for instance", key));
  else if (data.table.find(key) && data.part->settings.integer("random_resized_crop") == 0)
    problems.error(place_of(data, key), fmt::format("{} says how random_resized_crop cuts, and there is none", key),
                   "add random_resized_crop = 224, or leave it out");
}

void check_jitter(const BuiltPart& data, Problems& problems) {
  static constexpr std::array<const char*, 4> kNames = {"brightness", "contrast", "saturation", "hue"};
  const std::vector<std::string> names(kNames.begin(), kNames.end());
  for (const auto& [name, value] : data.part->settings.table("color_jitter")) {
    const Value* given = data.table.find("color_jitter");
    const Value* inner = given ? given->find(name) : nullptr;
    const Place place = inner ? inner->place : place_of(data, "color_jitter");
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      const auto near = suggestion(name, names);
      problems.error(place, fmt::format("color_jitter has no {}", name),
                     near ? fmt::format("did you mean {}?", *near) : fmt::format("it has {}", fmt::join(names, ", ")));
    } else if (name == "hue" && value > 0.5) {
      problems.error(place, fmt::format("a hue of {} is more than half a turn", value), "give at most 0.5");
    }
  }
}

/// What was left out, and what else is to be told of how the data was read.
void check_left_out(const BuiltPart& data, const DatasetFacts& facts, Problems& problems) {
  const std::string& plugin = data.part->component.plugin;
  if (!facts.skipped.empty()) {
    const std::size_t told = std::min(facts.skipped.size(), kMostNamed), rest = facts.skipped.size() - told;
    problems.warning(data.part->place,
                     fmt::format("{} leaves out {} image{} that cannot be read: {}{}", plugin, facts.skipped.size(),
                                 facts.skipped.size() == 1 ? "" : "s",
                                 fmt::join(facts.skipped.begin(), facts.skipped.begin() + std::ptrdiff_t(told), "; "),
                                 rest > 0 ? fmt::format("; and {} more", rest) : ""),
                     "each run's provenance lists them all under skipped_images");
  }
  for (const std::string& note : facts.notes)
    problems.warning(data.part->place, fmt::format("{}: {}", plugin, note),
                     "each run's provenance has it under data_notes");
}

}  // namespace

void check_images(const BuiltPart& data, const DatasetFacts& facts, Problems& problems) {
  if (!check_channels(data, facts.shape.channels, problems)) return;
  check_shape(data, facts.shape, problems);
  check_interval(data, "random_resized_crop_scale", problems);
  check_interval(data, "random_resized_crop_ratio", problems);
  check_jitter(data, problems);
  check_left_out(data, facts, problems);
}

}  // namespace cambium
