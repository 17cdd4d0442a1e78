#include "protocol/selected.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cambium/random.h"

namespace cambium {
namespace {

constexpr std::size_t kLeastOfAHalf = 2;  ///< classes that can be told apart

/// Positions of `names` among `classes`.
std::vector<std::size_t> positions(const char* key, const std::vector<std::string>& names,
                                   const std::vector<std::string>& classes) {
  std::vector<std::size_t> result;
  for (const std::string& name : names) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    const auto at = std::size_t(found - classes.begin());
    if (found == classes.end()) {
      const auto near = suggestion(name, classes);
      const std::vector<std::string> some(classes.begin(),
                                          classes.begin() + std::ptrdiff_t(std::min<std::size_t>(classes.size(), 10)));
      throw SelectionError(key, fmt::format("{}: the data has no class \"{}\"", key, name),
                           near ? fmt::format("did you mean \"{}\"?", *near)
                                : fmt::format("its classes are \"{}\"{}", fmt::join(some, "\", \""),
                                              some.size() < classes.size() ? ", ..." : ""));
    }
    if (std::find(result.begin(), result.end(), at) != result.end())
      throw SelectionError(key, fmt::format("{} names class \"{}\" twice", key, name), "name each class once");
    result.push_back(at);
  }
  return result;
}

/// `total` spread over classes in proportion to `images`, by largest remainders: exactly `total`, at least one each.
std::vector<std::int64_t> proportional(std::int64_t total, const std::vector<std::int64_t>& images) {
  std::vector<std::int64_t> counts(images.size(), 0);
  std::vector<std::size_t> left(images.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  const auto share = [&] {
    double all = 0;
    for (const std::size_t c : left) all += double(images[c]);
    return double(total) / all;
  };
  // A class whose share is below one gets one, and the others have that much less to share.
  for (bool changed = true; changed;) {
    const double each = share();
    const auto small =
        std::stable_partition(left.begin(), left.end(), [&](std::size_t c) { return double(images[c]) * each >= 1; });
    changed = small != left.end();
    for (auto c = small; c != left.end(); ++c) counts[*c] = 1;
    total -= left.end() - small;
    left.erase(small, left.end());
  }
  const double each = share();
  std::vector<std::pair<double, std::size_t>> remainders;
  for (const std::size_t c : left) {
    const double exact = double(images[c]) * each;
    counts[c] = std::int64_t(exact);
    total -= counts[c];
    remainders.emplace_back(double(counts[c]) - exact, c);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::int64_t i = 0; i < total; ++i) ++counts[remainders[std::size_t(i)].second];
  return counts;
}

}  // namespace

std::vector<std::size_t> kept_classes(const Params& settings, const std::vector<std::string>& classes) {
  std::vector<std::size_t> kept = positions("only", settings.strings("only"), classes);
  if (kept.empty()) {
    kept.resize(classes.size());
    std::iota(kept.begin(), kept.end(), std::size_t{0});
  }
  std::sort(kept.begin(), kept.end());
  for (const std::size_t out : positions("except", settings.strings("except"), classes))
    kept.erase(std::remove(kept.begin(), kept.end(), out), kept.end());
  const std::string& half = settings.string("half");
  if (half != "all") {
    if (kept.size() % 2 != 0 || kept.size() < 2 * kLeastOfAHalf)
      throw SelectionError("half", fmt::format("half: {} classes cannot be halved", kept.size()),
                           kept.size() < 2 * kLeastOfAHalf
                               ? "each half needs two classes or more"
                               : "leave one class out with except, so that the halves are equal");
    RandomStream(std::uint64_t(settings.integer("split")), "classes").shuffle(kept);
    const auto middle = kept.begin() + std::ptrdiff_t(kept.size() / 2);
    kept = half == "A" ? std::vector<std::size_t>(kept.begin(), middle) : std::vector<std::size_t>(middle, kept.end());
    std::sort(kept.begin(), kept.end());
  }
  if (kept.size() < 2 && classes.size() > 1) {
    const char* key = settings.strings("only").empty() ? "except" : "only";
    throw SelectionError(
        key,
        fmt::format("{} leaves {} over: there is nothing to tell apart", key, kept.empty() ? "no class" : "one class"),
        "keep at least two");
  }
  return kept;
}

std::vector<ClassShare> class_shares(const Params& settings, const std::vector<std::string>& classes,
                                     const std::vector<std::int64_t>& images) {
  const std::int64_t held_out = settings.integer("validation_per_class"), total = settings.integer("images");
  const double validation = settings.number("validation"), fraction = settings.number("fraction");
  const bool counted = settings.integer("per_class") > 0, parted = fraction<1, totalled = total> 0;
  if (validation > 0 && held_out > 0)
    throw SelectionError("validation_per_class", "validation and validation_per_class are both there",
                         "keep one of the two");
  if (int(counted) + int(parted) + int(totalled) > 1)
    throw SelectionError(parted ? "fraction" : "images", "per_class, fraction and images each say how many to train on",
                         "keep one of them");
  const std::string key = counted          ? "per_class"
                          : totalled       ? "images"
                          : parted         ? "fraction"
                          : validation > 0 ? "validation"
                                           : "validation_per_class";

  std::vector<ClassShare> shares;
  for (const std::int64_t there : images) {
    std::int64_t kept = held_out;
    if (validation > 0) kept = std::max<std::int64_t>(1, std::llround(validation * double(there)));
    shares.push_back({kept, std::max<std::int64_t>(0, there - kept)});
  }
  std::vector<std::int64_t> wanted(images.size(), settings.integer("per_class"));
  if (totalled && total < std::int64_t(images.size()))
    throw SelectionError(key, fmt::format("images is {}, fewer than the {} classes", total, images.size()),
                         "ask for one of each class at least");
  const auto all = std::accumulate(shares.begin(), shares.end(), std::int64_t{0},
                                   [](std::int64_t sum, const ClassShare& share) { return sum + share.train; });
  if (totalled && total > all)
    throw SelectionError(key, fmt::format("images is {}, and there are {} to train on", total, all),
                         "ask for so many or fewer, or leave images out for all of them");
  if (totalled) {
    std::vector<std::int64_t> there;
    for (const ClassShare& share : shares) there.push_back(std::max<std::int64_t>(1, share.train));
    wanted = proportional(total, there);
  }
  for (std::size_t c = 0; c < images.size(); ++c) {
    if (parted) wanted[c] = std::max<std::int64_t>(1, std::llround(fraction * double(shares[c].train)));
    if (!counted && !totalled && !parted) wanted[c] = shares[c].train;
    if (shares[c].validation + std::max<std::int64_t>(1, wanted[c]) > images[c] &&
        (shares[c].validation > 0 || wanted[c] > 0))
      throw SelectionError(key,
                           fmt::format("{}: class {} has {} training images, and {} are asked for", key, classes[c],
                                       images[c], shares[c].validation + std::max<std::int64_t>(1, wanted[c])),
                           shares[c].validation > 0
                               ? fmt::format("that is {} to train on and {} for validation; ask for less",
                                             std::max<std::int64_t>(1, wanted[c]), shares[c].validation)
                           : totalled ? std::string("ask for fewer in all")
                                      : fmt::format("ask for {} or fewer", images[c]));
    shares[c].train = wanted[c];
  }
  return shares;
}

DatasetFacts selected(const DatasetFacts& facts, const Params& settings) {
  DatasetFacts result = facts;
  for (const auto& [split, counts] : facts.per_class)
    result.images = std::accumulate(counts.begin(), counts.end(), result.images);
  result.all_classes = std::int64_t(facts.classes.size());
  const auto kept = kept_classes(settings, facts.classes);
  result.classes.clear();
  for (const std::size_t c : kept) result.classes.push_back(facts.classes[c]);
  for (auto& [split, counts] : result.per_class) {
    const auto all = std::exchange(counts, {});
    for (const std::size_t c : kept) counts.push_back(all[c]);
  }
  if (const auto train = result.per_class.find("train"); train != result.per_class.end()) {
    std::vector<std::int64_t> held_out;
    const auto shares = class_shares(settings, result.classes, train->second);
    for (std::size_t c = 0; c < shares.size(); ++c) {
      train->second[c] = shares[c].train;
      held_out.push_back(shares[c].validation);
    }
    if (std::any_of(held_out.begin(), held_out.end(), [](auto count) { return count > 0; }))
      result.per_class["validation"] = held_out;
  }
  return result;
}

}  // namespace cambium
