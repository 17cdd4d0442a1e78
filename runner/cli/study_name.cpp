#include "cli/study_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <unordered_set>

#include "cambium/error.h"
#include "report/text.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// A study's text without what says where its files lie, and without its --set options, which go to `sets`.
std::string content(const std::string& text, std::vector<std::string>& sets) {
  std::string content;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# --set ", 0) == 0) sets.push_back(line.substr(8));
    if (line.rfind("# --set ", 0) != 0 && line.rfind("# file: ", 0) != 0) content += line + "\n";
  }
  return content;
}

bool same_file(const fs::path& one, const fs::path& other) {
  std::error_code failed;
  return fs::weakly_canonical(one, failed) == fs::weakly_canonical(other, failed) && !failed;
}

constexpr const char* kWayOut =
    "give it a name of its own (--set study.name=NAME) or another database (--db FILE); --replace puts it in the place "
    "of the other, whose runs stay in the database";

}  // namespace

NameUse use_of_name(const Store& store, const Plan& plan, const std::vector<std::string>& sets, bool replace) {
  const auto known = store.study(plan.name);
  if (!known) return {};
  std::unordered_set<std::string> now;
  for (const Cell& cell : plan.cells) now.insert(cell.identity);
  const auto kept = std::count_if(known->cells.begin(), known->cells.end(),
                                  [&](const std::string& identity) { return now.count(identity) != 0; });
  const auto dropped = std::int64_t(known->cells.size()) - kept;
  if (dropped == 0) return {};
  const std::string replaced =
      fmt::format("study \"{}\": {} of {} cells that it had are no longer part of it; their runs stay in the database",
                  plan.name, dropped, known->cells.size());

  std::vector<std::string> old_sets, new_sets;
  std::error_code ignored;
  const bool alike = content(known->text, old_sets) == content(plan.text, new_sets);
  if (!alike && !same_file(known->path, plan.path)) {
    if (!replace && fs::exists(known->path, ignored))
      throw Error(ErrorKind::Usage,
                  fmt::format("the database has a study \"{}\" already, of {}, and {} is another one", plan.name,
                              known->path, plan.path),
                  kWayOut);
    return {false, fmt::format("{}: it was of {}, and is of {} now", replaced, known->path, plan.path)};
  }
  if (!sets.empty() && old_sets != sets && !replace && kept == std::int64_t(now.size()))
    return {true, fmt::format("study \"{}\" keeps its {}: these are {} of them", plan.name,
                              counted(std::int64_t(known->cells.size()), "cell"), kept)};
  return {false, replaced + (sets.empty() ? "" : " (--set study.name=NAME makes another study)")};
}

}  // namespace cambium
