#include "weights/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "cambium/schema.h"

namespace cambium {
namespace {

constexpr std::size_t kToldFaults = 8;

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// The leading parts that all names share: "model.net." of "model.net.conv.weight" and "model.net.fc.bias".
std::string common_prefix(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::string prefix = names.front();
  for (const std::string& name : names) {
    const auto end = std::mismatch(prefix.begin(), prefix.end(), name.begin(), name.end()).first;
    prefix.erase(end, prefix.end());
  }
  const std::size_t dot = prefix.rfind('.');
  return dot == std::string::npos ? std::string() : prefix.substr(0, dot + 1);
}

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

}  // namespace

Fit fit_tensors(const std::vector<WantedTensor>& wanted, const std::vector<TensorShape>& given,
                const std::vector<std::string>& own_names) {
  std::set<std::string> known;
  for (const WantedTensor& want : wanted) known.insert(want.tensor.name);
  std::vector<std::string> names = own_names;
  const auto fitting = [&] {
    return std::count_if(names.begin(), names.end(), [&](const auto& name) { return known.count(name) != 0; });
  };
  if (fitting() == 0) {
    std::string prefix = common_prefix(names);
    while (!prefix.empty()) {
      const std::size_t part = prefix.find('.') + 1;
      for (std::string& name : names) name.erase(0, part);
      prefix.erase(0, part);
      if (fitting() > 0) break;
    }
    if (fitting() == 0) names = own_names;
  }

  Fit fit;
  std::map<std::string, std::size_t> place;
  std::vector<std::string> left;  // the file's own names, which its user knows
  for (std::size_t i = 0; i < given.size(); ++i) {
    place.emplace(names[i], i);
    if (known.count(names[i]) != 0) continue;
    fit.unknown.push_back(names[i]);
    left.push_back(given[i].name);
  }
  for (const WantedTensor& want : wanted) {
    const auto found = place.find(want.tensor.name);
    if (found != place.end()) {
      const TensorShape& theirs = given[found->second];
      if (theirs.shape == want.tensor.shape)
        fit.from[want.tensor.name] = theirs.name;
      else if (want.needed)
        fit.faults.push_back(fmt::format("{} is {}, and {} is wanted", want.tensor.name, shape_text(theirs.shape),
                                         shape_text(want.tensor.shape)));
      continue;
    }
    if (!want.needed) continue;
    std::string fault = want.tensor.name + " is missing";
    if (fit.faults.size() < kToldFaults)
      if (const auto near = near_miss(want.tensor.name, left)) fault += "; the file has " + *near;
    fit.faults.push_back(std::move(fault));
  }
  return fit;
}

std::string fault_text(const std::vector<std::string>& faults) {
  std::string text;
  for (std::size_t i = 0; i < faults.size() && i < kToldFaults; ++i) text += (i == 0 ? "" : "; ") + faults[i];
  if (faults.size() > kToldFaults) text += fmt::format("; and {} more", faults.size() - kToldFaults);
  return text;
}

}  // namespace cambium
