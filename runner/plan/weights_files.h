#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "plan/inits.h"
#include "plan/plan.h"
#include "plan/resolver.h"
#include "study/study.h"
#include "weights/card.h"

namespace cambium {

/// What is known of a weights file that a study starts from.
struct WeightsFacts {
  std::string path;  ///< of a folder, the file in it
  std::string sha256;
  std::optional<WeightsCard> card;
  std::vector<std::string> places, names;  ///< keys of its dictionaries of tensors, and all names in them
};

/// The weights files of a study, each read once: without LibTorch, and without its numbers.
class WeightsFiles {
 public:
  WeightsFiles(Resolver& resolver, std::filesystem::path data_root, Problems& problems)
      : resolver_(resolver), data_root_(std::move(data_root)), problems_(problems) {}

  /// Reads the file that `init` names. Null, and a problem, if it is no weights file, or has nothing at init's key or
  /// prefix.
  const WeightsFacts* open(const Init& init);

  /// Of the network that `file` holds, as its card says; 0 where nothing says it.
  static std::int64_t generation(const std::string& file);

  /// The classes that its card names; none where there is no card, the card names none, or there is no such file.
  const std::vector<std::string>& classes(const std::string& file) const;

  /// Says in `cell` of `stage` what it takes of its source file, and checks, once for cells that are alike in it,
  /// whether it can: the tensors fit the network, and the cell's normalisation is the one that the file's card states.
  void take(Cell& cell, const Stage& stage, const Init& init);

 private:
  /// Whether the weights fit the network on images of `channels` channels.
  bool fits(NetworkRequest network, std::int64_t channels, const WeightsRef& weights);
  std::string check(const Cell& cell, const Stage& stage, const Place& place);
  void tell_misfit(const WeightsFit& fit, const Cell& cell, const WeightsFacts& facts, const Place& place);
  void check_card(const WeightsCard& card, const Cell& cell, const std::string& stage);

  Resolver& resolver_;
  const std::filesystem::path data_root_;
  Problems& problems_;
  std::map<std::string, std::optional<WeightsFacts>> files_;  ///< by the path that a study gives
  std::map<std::string, const WeightsFacts*> by_path_;
  /// What is taken, as WeightsFit::variant has it, by file, choice, stage, network and data.
  std::map<std::tuple<std::string, std::optional<std::string>, std::optional<std::string>, const void*, const void*,
                      const void*>,
           std::string>
      variants_;
};

}  // namespace cambium
