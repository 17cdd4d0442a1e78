#include "plan/passes/share_prefixes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "protocol/settings.h"

namespace cambium {
namespace {

/// Multiply-adds that a byte of a tap must save to be worth its way to the disk and back.
constexpr double kLeastOperations = 16;
constexpr double kBytes = 4;  ///< a value

/// Bytes that a tap after `cut` layers takes of one image.
double row_bytes(const NetworkInfo& network, std::size_t cut) {
  double values = 1;
  for (const std::int64_t extent : network.layers[cut - 1].shape) values *= double(extent);
  return kBytes * values;
}

/// The data as the network sees it, whatever of it is selected.
std::string data_key(const Cell& cell) {
  const Params& data = cell.data->settings;
  const auto [mean, std] = normalisation(data, cell.network->input, input_channels(data, cell.dataset->shape.channels));
  const Resize size = resize(data);
  const Params& train = cell.train->settings;
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", cell.data->component.plugin,
                     Json(cell.data->component.params).dump(), cell.dataset->fingerprint, data.integer("channels"),
                     size.side, size.width, size.height, interpolation(data, cell.network->input),
                     data.integer("center_crop"), fmt::join(mean, ","), fmt::join(std, ","),
                     train.has("precision") ? train.string("precision") : "");
}

std::string source_key(const Cell& cell) {
  if (cell.source >= 0) return fmt::format("cell {} {}", cell.source, cell.source_weights);
  return fmt::format("file {} {} {}", cell.source_sha256, cell.source_key.value_or("-"),
                     cell.source_prefix.value_or("-"));
}

/// Taps after so many layers, and what they save.
struct Tap {
  std::size_t cut = 0;
  const Tap* before = nullptr;  ///< the one on its way that is kept
  bool kept = false;
  double operations = 0;  ///< an image, from the one before on
  double images = 0;      ///< that are tapped, each once
  std::set<std::size_t> users;
};

/// Images of a split that some cell of `users` selects: of one seed a part of another's, of several as drawn by chance.
double union_of_images(const Draft& draft, const std::set<std::size_t>& users) {
  std::map<std::uint64_t, double> trained;
  double all = 0, tested = 0;
  for (const std::size_t user : users) {
    const Cell& cell = draft.plan.cells[user];
    const double test = images(cell, "test"), train = tapped_images(cell) - test;
    trained[cell.seed] = std::max(trained[cell.seed], train);
    all = std::max({all, double(cell.dataset->images) - test, train});
    tested = std::max(tested, test);
  }
  double untouched = 1;
  for (const auto& [seed, count] : trained) untouched *= all > 0 ? 1 - count / all : 1;
  return all * (1 - untouched) + tested;
}

class Sharing {
 public:
  explicit Sharing(Draft& draft) : draft_(draft) {}

  std::string run() {
    find();
    attach();
    for (auto& [key, tap] : taps_) tap.images = union_of_images(draft_, tap.users);
    for (const auto& [cell, chain] : chains_) judge(cell, chain);
    std::size_t kept = 0, users = 0;
    double bytes = 0;
    for (const auto& [key, tap] : taps_) {
      if (!tap.kept) continue;
      ++kept;
      bytes += tap.images * row_bytes(network_of(tap), tap.cut);
    }
    for (const auto& [cell, chain] : chains_) users += price(cell, chain);
    draft_.count();
    draft_.amount.bytes = bytes;
    if (chains_.empty()) return "no cell has a frozen prefix";
    if (kept == 0) return "no frozen prefix is worth its bytes";
    return fmt::format("{} {} for {} {}", kept, kept == 1 ? "tap" : "taps", users, users == 1 ? "cell" : "cells");
  }

 private:
  const NetworkInfo& network_of(const Tap& tap) const { return *draft_.plan.cells[*tap.users.begin()].network; }

  /// Cuts are where some cell's prefix ends.
  void find() {
    for (std::size_t i = 0; i < draft_.plan.cells.size(); ++i) {
      const Cell& cell = draft_.plan.cells[i];
      if (!draft_.trains(i) || cell.train->settings.integer("epochs") == 0) continue;
      const std::size_t prefix = frozen_prefix(cell);
      if (prefix == 0) continue;
      taps_[prefix_key(cell, prefix)].cut = prefix;
      prefixes_[i] = prefix;
      cuts_.insert(prefix);
    }
  }

  /// Each cell passes the cuts of others on its way to its own.
  void attach() {
    for (const auto& [i, prefix] : prefixes_)
      for (const std::size_t cut : cuts_) {
        if (cut > prefix) break;
        const auto found = taps_.find(prefix_key(draft_.plan.cells[i], cut));
        if (found == taps_.end()) continue;
        found->second.users.insert(i);
        chains_[i].push_back(&found->second);
      }
  }

  /// Which taps of a cell's chain are kept; what one is depends on those before it alone.
  void judge(std::size_t cell, const std::vector<Tap*>& chain) {
    const NetworkInfo& network = *draft_.plan.cells[cell].network;
    const Tap* before = nullptr;
    for (Tap* tap : chain) {
      tap->before = before;
      tap->operations = operations(network, before ? before->cut : 0, tap->cut);
      const double row = row_bytes(network, tap->cut);
      const bool whole = tap->cut == network.layers.size();
      tap->kept =
          (whole || tap->operations >= kLeastOperations * row) && tap->images * row <= draft_.settings.taps_bytes;
      if (tap->kept) before = tap;
    }
  }

  /// Gives a cell its cuts and its part of what is shared. Whether it shares anything.
  bool price(std::size_t index, const std::vector<Tap*>& chain) {
    const Cell& cell = draft_.plan.cells[index];
    auto& cuts = draft_.schedule.cuts[index];
    double shared = 0;
    for (const Tap* tap : chain) {
      if (!tap->kept) continue;
      cuts.push_back(std::int64_t(tap->cut));
      shared += tap->operations * tap->images / double(tap->users.size());
    }
    if (cuts.empty()) return false;
    const double alone = operations(*cell.network, std::size_t(cuts.back()), frozen_prefix(cell)) * tapped_images(cell);
    draft_.operations[index] = cost_of(cell).rest + shared + alone;
    return true;
  }

  Draft& draft_;
  std::map<std::string, Tap> taps_;
  std::map<std::size_t, std::size_t> prefixes_;      ///< by cell
  std::map<std::size_t, std::vector<Tap*>> chains_;  ///< by cell, ascending
  std::set<std::size_t> cuts_;
};

}  // namespace

std::string prefix_key(const Cell& cell, std::size_t cut) {
  const auto& weights = cell.network->plan.weights;
  const auto fresh = [](Weights of) { return of != Weights::Source; };
  std::string key = fmt::format("{}\n{}\n{}\n{} {}", data_key(cell), cell.backbone->json, cell.network->fingerprint,
                                source_key(cell), cut);
  if (std::any_of(weights.begin(), weights.begin() + std::ptrdiff_t(cut), fresh)) {
    // What is drawn is drawn by the seed, and its norms' statistics are those of the images that are trained on.
    key += fmt::format("\n{} {} {}\n", cell.seed, cell.generation, cell.data->json);
    for (std::size_t i = 0; i < cut; ++i) key += char('0' + int(weights[i]));
  }
  return key;
}

std::string share_prefixes(Draft& draft) { return Sharing(draft).run(); }

}  // namespace cambium
