#include "cli/cells.h"

#include <fmt/format.h>

#include <algorithm>

#include "cambium/error.h"
#include "report/cell_report.h"

namespace cambium {
namespace {

constexpr std::size_t kLeastDigits = 4;

}  // namespace

std::string find_cell(const Store& store, const std::string& prefix) {
  const bool digits = std::all_of(prefix.begin(), prefix.end(),
                                  [](char c) { return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f'); });
  if (!digits || prefix.size() < kLeastDigits)
    throw Error(
        ErrorKind::Usage, fmt::format("\"{}\" is not the beginning of a cell's identity", prefix),
        fmt::format("give at least {} of its digits (0-9, a-f), or STUDY/STAGE to list a stage's cells", kLeastDigits));
  const auto found = cells_like(store, prefix);
  if (found.size() == 1) return found.front();
  if (found.empty())
    throw Error(ErrorKind::Usage, fmt::format("database {} has no cell {}", store.path().string(), prefix),
                "`cambium runs` lists cells");
  std::string all;
  for (const std::string& identity : found)
    all += (all.empty() ? "" : ", ") + identity.substr(0, std::max<std::size_t>(12, prefix.size() + 2));
  throw Error(ErrorKind::Usage, fmt::format("{} cells begin with {}", found.size(), prefix),
              "give more digits of one: " + all);
}

}  // namespace cambium
