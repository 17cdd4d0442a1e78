#include "engine/selection.h"

#include <algorithm>
#include <cmath>

#include "cambium/error.h"
#include "cambium/files.h"
#include "cambium/random.h"

namespace cambium {
namespace {

std::string hash_of(const Selection& selection) {
  Sha256 hash;
  const auto add = [&](const std::vector<std::int64_t>& indices) {
    hash.add(std::span(reinterpret_cast<const std::uint8_t*>(indices.data()), indices.size() * sizeof(std::int64_t)))
        .add("|");
  };
  add(selection.train);
  add(selection.validation);
  return hash.hex();
}

}  // namespace

Selection select_images(std::span<const std::int64_t> train_labels, std::size_t own_validation,
                        const std::vector<std::string>& classes, const Params& settings, std::uint64_t seed) {
  const auto per_class = std::size_t(settings.integer("per_class"));
  const auto held_out = std::size_t(settings.integer("validation_per_class"));
  const double fraction = settings.number("validation");
  if (held_out > 0 && fraction > 0)
    throw Error(ErrorKind::Data, "validation and validation_per_class are both given",
                "give one of them: a part of each class, or a number of images");

  std::vector<std::vector<std::int64_t>> members(classes.size());
  for (std::size_t i = 0; i < train_labels.size(); ++i) {
    const std::int64_t label = train_labels[i];
    if (label < 0 || std::size_t(label) >= classes.size())
      throw Error(ErrorKind::Plugin,
                  "training image " + std::to_string(i) + " has the label " + std::to_string(label) +
                      ", and there are " + std::to_string(classes.size()) + " classes",
                  "this is a fault of the data set's plugin or its files");
    members[std::size_t(label)].push_back(std::int64_t(i));
  }

  Selection selection;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    auto& images = members[c];
    RandomStream(seed, "split", c).shuffle(images);
    std::size_t kept = held_out;
    if (fraction > 0) kept = std::max<std::size_t>(1, std::size_t(std::llround(fraction * double(images.size()))));
    if (kept + per_class > images.size())
      throw Error(ErrorKind::Data,
                  "class " + classes[c] + " has " + std::to_string(images.size()) + " training images, and " +
                      std::to_string(kept + per_class) + " are asked for",
                  "ask for fewer with per_class or validation");
    if (kept > 0 && kept == images.size())
      throw Error(ErrorKind::Data,
                  "class " + classes[c] + " has " + std::to_string(images.size()) +
                      " training images, and validation takes all of them",
                  "hold out fewer with validation or validation_per_class");
    const auto first = images.begin() + std::ptrdiff_t(kept);
    selection.validation.insert(selection.validation.end(), images.begin(), first);
    selection.train.insert(selection.train.end(), first,
                           per_class > 0 ? first + std::ptrdiff_t(per_class) : images.end());
  }
  if (selection.validation.empty() && own_validation > 0) {
    selection.validation_split = true;
    for (std::size_t i = 0; i < own_validation; ++i) selection.validation.push_back(std::int64_t(i));
  }
  std::sort(selection.train.begin(), selection.train.end());
  std::sort(selection.validation.begin(), selection.validation.end());
  selection.hash = hash_of(selection);
  return selection;
}

}  // namespace cambium
