#include "engine/data/selection.h"

#include <fmt/format.h>

#include <algorithm>

#include "cambium/error.h"
#include "cambium/random.h"
#include "protocol/selected.h"

namespace cambium {
Selection select_images(std::span<const std::int64_t> train_labels, std::size_t own_validation,
                        const std::vector<std::string>& classes, const Params& settings, std::uint64_t seed) {
  std::vector<std::vector<std::int64_t>> members(classes.size());
  for (std::size_t i = 0; i < train_labels.size(); ++i) {
    const std::int64_t label = train_labels[i];
    if (label < 0 || std::size_t(label) >= classes.size())
      throw Error(ErrorKind::Plugin,
                  fmt::format("training image {} has the label {}, and there are {} classes", i, label, classes.size()),
                  "this is a fault of the data set's plugin or its files");
    members[std::size_t(label)].push_back(std::int64_t(i));
  }
  std::vector<std::int64_t> counts;
  for (const auto& images : members) counts.push_back(std::int64_t(images.size()));
  const auto shares = class_shares(settings, classes, counts);

  Selection selection;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    auto& images = members[c];
    RandomStream(seed, "split", c).shuffle(images);
    const auto first = images.begin() + std::ptrdiff_t(shares[c].validation);
    selection.validation.insert(selection.validation.end(), images.begin(), first);
    selection.train.insert(selection.train.end(), first, first + std::ptrdiff_t(shares[c].train));
  }
  if (selection.validation.empty() && own_validation > 0) {
    selection.validation_split = true;
    for (std::size_t i = 0; i < own_validation; ++i) selection.validation.push_back(std::int64_t(i));
  }
  std::sort(selection.train.begin(), selection.train.end());
  std::sort(selection.validation.begin(), selection.validation.end());
  return selection;
}

}  // namespace cambium
