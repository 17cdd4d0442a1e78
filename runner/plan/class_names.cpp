#include "plan/class_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <span>

namespace cambium {
namespace {

bool numbers(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
  });
}

/// All of a few names, and of many the first and their number.
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 100;
  if (names.size() <= kMost) return fmt::format("\"{}\"", fmt::join(names, "\", \""));
  return fmt::format("\"{}\", ... ({} in all)", fmt::join(std::span(names).first(kMost), "\", \""), names.size());
}

}  // namespace

ClassMatch match_classes(const std::vector<std::string>& head, const std::vector<std::string>& data) {
  ClassMatch match;
  if (head == data) return match;
  if (numbers(head) != numbers(data)) {
    match.by_number = true;
    if (head.size() != data.size())
      match.fault = fmt::format("the head tells {} classes apart, and the data has {}: {}", head.size(), data.size(),
                                listed(data));
    return match;
  }
  std::multimap<std::string, std::int64_t> outputs;
  for (std::size_t i = 0; i < head.size(); ++i) outputs.emplace(head[i], std::int64_t(i));
  std::vector<std::string> absent, ambiguous;
  for (const std::string& name : data) {
    const auto count = outputs.count(name);
    if (count == 1) match.rows.push_back(outputs.find(name)->second);
    if (count == 0) absent.push_back(name);
    if (count > 1) ambiguous.push_back(name);
  }
  if (!absent.empty())
    match.fault = fmt::format("{} {} of the head's classes: it tells apart {}; the data has {}", listed(absent),
                              absent.size() == 1 ? "is none" : "are none", listed(head), listed(data));
  else if (!ambiguous.empty())
    match.fault = fmt::format("the head has more than one class called {}", listed(ambiguous));
  return match;
}

void match_head(Cell& cell, const std::vector<std::string>& classes, const std::string& stage, Problems& problems) {
  if (cell.network->plan.head == Weights::Fresh || classes.empty()) return;
  ClassMatch match = match_classes(classes, cell.dataset->classes);
  if (!match.fault.empty())
    problems.error(cell.data->place, fmt::format("stage {} keeps its source's head, and {}", stage, match.fault),
                   match.by_number ? "give the data as many classes, or take a strategy with a new head"
                                   : "give the data classes that the head knows, under its names (a part of them will "
                                     "do), or take a strategy with a new head");
  else if (match.by_number)
    problems.warning(cell.data->place,
                     fmt::format("stage {} keeps its source's head, and one side's classes are mere numbers: they are "
                                 "matched by their order, {} with {}",
                                 stage, listed(classes), listed(cell.dataset->classes)),
                     "see that both orders are the same: names on both sides are matched by name");
  cell.head_rows = std::move(match.rows);
}

}  // namespace cambium
