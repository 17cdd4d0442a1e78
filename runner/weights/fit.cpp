#include "weights/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "cambium/schema.h"
#include "weights/names.h"

namespace cambium {
namespace {

constexpr std::size_t kToldFaults = 8;
constexpr std::size_t kMostCandidates = 64, kMostDepth = 16;  // fitted in full; parts of a prefix

std::string shape_text(const TensorExtents& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

bool ends_with_part(const std::string& name, const std::string& part) {
  return name.size() > part.size() && name[name.size() - part.size() - 1] == '.' && name.ends_with(part);
}

/// The name among `left` that is most likely meant by `name`: the same below another prefix, or one of few other
/// letters.
std::optional<std::string> near_miss(const std::string& name, const std::vector<std::string>& left) {
  for (const std::string& other : left)
    if (ends_with_part(other, name) || ends_with_part(name, other)) return other;
  return suggestion(name, left);
}

/// A dictionary of the file, and what stands before the names in it.
struct Candidate {
  std::size_t place = 0;
  std::string prefix;     ///< of bare names
  std::size_t count = 0;  ///< of tensors that agree in name and shape
};

class Fitter {
 public:
  Fitter(const WantedNetwork& network, const GivenTensors& given, const WeightsChoice& choice)
      : network_(network), given_(given), choice_(choice) {
    for (const WantedTensor& want : network.tensors) wanted_.emplace(want.name, &want);
    const bool module = drops_module();
    for (const GivenTensor& tensor : given.tensors) bare_.push_back(bare_name(tensor.name, module));
    if (choice_.prefix) prefix_ = bare_name(*choice_.prefix, module);
    if (!prefix_.empty()) prefix_ += ".";
  }

  Fit fit() const {
    const std::vector<Candidate> all = candidates();
    if (all.empty()) return nothing();
    Fit best;
    std::vector<std::pair<const Candidate*, Fit>> fitting;
    for (const Candidate& candidate : all) {
      if (2 * candidate.count < all.front().count || &candidate - all.data() >= std::ptrdiff_t(kMostCandidates)) break;
      Fit fit = fit_of(candidate);
      if (fit.faults.empty() &&
          std::none_of(fitting.begin(), fitting.end(), [&](const auto& other) { return same(other.second, fit); }))
        fitting.emplace_back(&candidate, std::move(fit));
      else if (&candidate == &all.front())
        best = std::move(fit);
    }
    if (fitting.empty()) return best;
    return fitting.size() == 1 ? std::move(fitting.front().second) : settle(std::move(fitting));
  }

 private:
  /// "module" stands for nothing, unless the network has a part of that name, or the file a tensor with and without it.
  bool drops_module() const {
    const auto has = [](const std::string& name) { return has_run(name, "module"); };
    if (std::any_of(network_.tensors.begin(), network_.tensors.end(), [&](const auto& t) { return has(t.name); }))
      return false;
    std::set<std::pair<std::size_t, std::string>> names;
    return std::all_of(given_.tensors.begin(), given_.tensors.end(), [&](const GivenTensor& tensor) {
      return names.emplace(tensor.place, bare_name(tensor.name, true)).second;
    });
  }

  std::string own_name(const std::string& name) const {
    return wanted_.count(name) != 0 ? name : network_.own_name(name);
  }

  bool agree(const WantedTensor& want, const GivenTensor& theirs) const {
    return theirs.shape == want.shape || network_.adapts(want.name, theirs.shape);
  }

  bool is_chosen(std::size_t place) const {
    return !choice_.key || given_.places[place] == *choice_.key ||
           (!choice_.key->empty() && has_run(given_.places[place], *choice_.key));
  }
  bool is_chosen(const std::string& prefix) const {
    return !choice_.prefix || prefix == prefix_ || (!prefix_.empty() && has_run(prefix, prefix_));
  }

  /// Where tensors of the network's names and shapes are, most of them first; exactly what was asked for, if it is
  /// there.
  std::vector<Candidate> candidates() const {
    std::map<std::pair<std::size_t, std::string>, std::size_t> counts;
    for (std::size_t i = 0; i < bare_.size(); ++i) {
      const GivenTensor& tensor = given_.tensors[i];
      if (!is_chosen(tensor.place)) continue;
      std::size_t begin = 0;
      for (std::size_t depth = 0; depth < kMostDepth; ++depth) {
        const auto want = wanted_.find(own_name(bare_[i].substr(begin)));
        if (want != wanted_.end() && agree(*want->second, tensor)) ++counts[{tensor.place, bare_[i].substr(0, begin)}];
        begin = bare_[i].find('.', begin) + 1;
        if (begin == 0) break;
      }
    }
    std::vector<Candidate> found;
    for (const auto& [at, count] : counts)
      if (is_chosen(at.second)) found.push_back({at.first, at.second, count});
    keep_exact(found);
    std::stable_sort(found.begin(), found.end(),
                     [](const Candidate& a, const Candidate& b) { return a.count > b.count; });
    return found;
  }

  void keep_exact(std::vector<Candidate>& found) const {
    const auto keep = [&](auto exact) {
      if (std::any_of(found.begin(), found.end(), exact))
        found.erase(std::remove_if(found.begin(), found.end(), [&](const auto& c) { return !exact(c); }), found.end());
    };
    if (choice_.key) keep([&](const Candidate& c) { return given_.places[c.place] == *choice_.key; });
    if (choice_.prefix) keep([&](const Candidate& c) { return c.prefix == prefix_; });
  }

  /// Nothing agrees: what the likeliest dictionary has, and what it was asked for.
  Fit nothing() const {
    Candidate likeliest;
    while (likeliest.place + 1 < given_.places.size() && !is_chosen(likeliest.place)) ++likeliest.place;
    for (std::size_t i = 0; i < bare_.size() && !prefix_.empty(); ++i)
      if (given_.tensors[i].place == likeliest.place && bare_[i].starts_with(prefix_)) likeliest.prefix = prefix_;
    return fit_of(likeliest);
  }

  Fit fit_of(const Candidate& candidate) const {
    Fit fit;
    fit.key = given_.places[candidate.place];
    fit.prefix = candidate.prefix;
    std::unordered_map<std::string, std::size_t> at;
    std::vector<std::string> left, strangers;  // the file's own names, which its user knows
    for (std::size_t i = 0; i < bare_.size(); ++i) {
      const GivenTensor& tensor = given_.tensors[i];
      if (tensor.place != candidate.place) continue;
      const bool below = bare_[i].starts_with(candidate.prefix);
      const std::string name = below ? own_name(bare_[i].substr(candidate.prefix.size())) : "";
      if (below && wanted_.count(name) != 0) {
        if (at.empty()) fit.prefix = prefix_in_file(i, candidate);
        at.emplace(name, i);
        continue;
      }
      left.push_back(tensor.name);
      if (below && !tensor.buffer && !network_.left_alone(name)) strangers.push_back(name);
    }
    for (const WantedTensor& want : network_.tensors) {
      const auto found = at.find(want.name);
      if (found != at.end())
        take(want, found->second, fit);
      else if (want.needed)
        fit.faults.push_back(missing(want.name, fit.faults.size() < kToldFaults, left));
    }
    for (const std::string& name : strangers) fit.faults.push_back(name + " is unknown to this network");
    if (!fit.faults.empty()) fit.hint = hint();
    return fit;
  }

  void take(const WantedTensor& want, std::size_t index, Fit& fit) const {
    const GivenTensor& theirs = given_.tensors[index];
    std::string fault;
    if (!agree(want, theirs))
      fault = fmt::format("{} is {}, and {} is wanted", want.name, shape_text(theirs.shape), shape_text(want.shape));
    else if (!theirs.unread.empty())
      fault = fmt::format("{} is kept as {}, a type of number that is not read", theirs.name, theirs.unread);
    if (!fault.empty()) {
      if (want.needed) fit.faults.push_back(std::move(fault));
      return;
    }
    fit.from[want.name] = index;
    if (want.needed) fit.taken.insert(want.name);
    if (theirs.shape != want.shape) fit.adapted.insert(want.name);
  }

  static std::string missing(const std::string& name, bool told, const std::vector<std::string>& left) {
    std::string fault = name + " is missing";
    if (!told) return fault;
    if (const auto near = near_miss(name, left)) fault += "; the file has " + *near;
    return fault;
  }

  /// As the file has it, wrappers and all.
  std::string prefix_in_file(std::size_t index, const Candidate& candidate) const {
    const std::string& name = given_.tensors[index].name;
    const std::string below = bare_[index].substr(candidate.prefix.size());
    return name.ends_with(below) ? name.substr(0, name.size() - below.size()) : candidate.prefix;
  }

  bool same(const Fit& one, const Fit& other) const {
    return one.from.size() == other.from.size() &&
           std::all_of(one.from.begin(), one.from.end(), [&](const auto& taken) {
             const auto found = other.from.find(taken.first);
             return found != other.from.end() &&
                    given_.tensors[taken.second].bytes == given_.tensors[found->second].bytes;
           });
  }

  /// How a study asks for just this one of several.
  static std::string told(const Fit& fit, bool key, bool prefix) {
    std::string text;
    if (key) text = fmt::format("key = \"{}\"", fit.key);
    if (prefix) text += fmt::format("{}prefix = \"{}\"", key ? ", " : "", fit.prefix);
    return text;
  }

  /// Several fit: the one that is no average of another, or none.
  Fit settle(std::vector<std::pair<const Candidate*, Fit>> fitting) const {
    const auto differ = [&](auto of) {
      return std::any_of(fitting.begin(), fitting.end(),
                         [&](const auto& f) { return of(*f.first) != of(*fitting.front().first); });
    };
    const bool key = differ([](const Candidate&c) { return c.place; }),
               prefix = differ([](const Candidate&c) { return c.prefix; });
    std::vector<std::string> all, originals;
    Fit* taken = nullptr;
    for (auto& [candidate, fit] : fitting) {
      all.push_back(told(fit, key, prefix));
      if (names_a_copy((key ? fit.key : "") + "." + (prefix ? fit.prefix : ""))) continue;
      originals.push_back(all.back());
      taken = &fit;
    }
    if (originals.size() == 1) {
      all.erase(std::find(all.begin(), all.end(), originals.front()));
      taken->notes.push_back(fmt::format("the network at {} is taken, and not its averaged copy at {}",
                                         originals.front(), fmt::join(all, " or ")));
      return std::move(*taken);
    }
    Fit none;
    none.faults.push_back(fmt::format("{} networks in the file fit, at {}", fitting.size(), fmt::join(all, " and ")));
    none.hint = fmt::format("say which: init = {{ file = \"...\", {} }}", all.front());
    return none;
  }

  /// What is known of files whose names look like these.
  std::string hint() const {
    const auto any = [&](auto test) { return std::any_of(bare_.begin(), bare_.end(), test); };
    if (any([](const std::string& n) { return has_run(n, "embedder.embedder") || has_run(n, "attention.attention"); }))
      return "its names are those of Hugging Face's transformers, which are not read: take the file of the same "
             "network "
             "by timm or torchvision, or rename its tensors";
    if (any([](const std::string& n) { return has_run(n, "dist_token") || has_run(n, "head_dist"); }))
      return "it is a distilled network (DeiT's), with a second token and a second head that no network here has: take "
             "the one without `distilled` in its name, or one of the same size that was not distilled";
    if (any([](const std::string& n) { return has_run(n, "_flat_param") || has_run(n, "flat_param"); }))
      return "it holds FSDP's flattened shards: save the network's whole state_dict (FULL_STATE_DICT)";
    std::vector<std::string> keys;
    for (const std::string& place : given_.places)
      if (!place.empty()) keys.push_back("\"" + place + "\"");
    if (given_.places.size() < 2 || choice_.key) return {};
    return fmt::format(
        "take the backbone that the file was trained as, or choose another of its dictionaries: key = {}",
        fmt::join(keys, " or "));
  }

  const WantedNetwork& network_;
  const GivenTensors& given_;
  const WeightsChoice& choice_;
  std::unordered_map<std::string, const WantedTensor*> wanted_;
  std::vector<std::string> bare_;  ///< of each given tensor
  std::string prefix_;             ///< that was asked for, bare
};

}  // namespace

GivenTensors given_tensors(const WeightsIndex& index) {
  GivenTensors given;
  given.places = index.places;
  const bool learns = index.format == WeightsFormat::TorchScript &&
                      std::any_of(index.tensors.begin(), index.tensors.end(), [](const auto& t) { return t.learns; });
  for (const StoredTensor& tensor : index.tensors)
    given.tensors.push_back({tensor.name,
                             tensor.shape,
                             tensor.place,
                             {tensor.file, tensor.begin},
                             tensor.unread,
                             learns && !tensor.learns});
  return given;
}

Fit fit_tensors(const WantedNetwork& wanted, const GivenTensors& given, const WeightsChoice& choice) {
  return Fitter(wanted, given, choice).fit();
}

std::string fault_text(const std::vector<std::string>& faults) {
  std::string text;
  for (std::size_t i = 0; i < faults.size() && i < kToldFaults; ++i) text += (i == 0 ? "" : "; ") + faults[i];
  if (faults.size() > kToldFaults) text += fmt::format("; and {} more", faults.size() - kToldFaults);
  return text;
}

}  // namespace cambium
