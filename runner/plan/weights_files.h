#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "plan/plan.h"
#include "plan/resolver.h"
#include "study/study.h"
#include "weights/card.h"

namespace cambium {

/// What is known of a weights file that a study starts from.
struct WeightsFacts {
  std::string sha256;
  std::optional<WeightsCard> card;
};

/// The weights files of a study, each read once: without LibTorch, and without its numbers.
class WeightsFiles {
 public:
  WeightsFiles(Resolver& resolver, std::filesystem::path data_root, Problems& problems)
      : resolver_(resolver), data_root_(std::move(data_root)), problems_(problems) {}

  /// Reads `file`, absolute, that `place` names. Null, and a problem, if it is no weights file.
  const WeightsFacts* open(const std::string& file, const Place& place);

  /// Of the network that `file` holds, as its card says; 0 where nothing says it.
  static std::int64_t generation(const std::string& file);

  /// The classes that its card names; none where there is no card, the card names none, or there is no such file.
  const std::vector<std::string>& classes(const std::string& file) const;

  /// Whether `cell` of `stage` can take its source file over: its tensors fit the network, and the cell's normalisation
  /// is the one that the file's card states.
  void check(const Cell& cell, const Stage& stage, const Place& place);

 private:
  /// Whether the file fits the network on images of `channels` channels.
  bool fits(NetworkRequest network, std::int64_t channels, const std::string& file, const std::string& sha256);
  void check_card(const WeightsCard& card, const Cell& cell, const std::string& stage);

  Resolver& resolver_;
  const std::filesystem::path data_root_;
  Problems& problems_;
  std::map<std::string, std::optional<WeightsFacts>> files_;
};

}  // namespace cambium
