#include "verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cambium/cache.h"
#include "cambium/error.h"
#include "cambium/files.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// Counted up whenever a decoder reads what it refused, or the other way round.
constexpr const char* kHead = "cambium verdicts 1";

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

}  // namespace

Verdicts::Verdicts(const std::vector<fs::path>& files) {
  const fs::path folder = cache_folder();
  if (folder.empty()) return;
  Sha256 names;
  for (const fs::path& file : files) names.add(file.string() + "\n");
  path_ = folder / "images" / (names.hex().substr(0, 32) + ".verdicts");
  std::error_code ignored;
  if (!fs::exists(path_, ignored)) return;
  try {
    const auto bytes = read_bytes(path_);
    std::istringstream text(std::string(bytes.begin(), bytes.end()));
    std::string line;
    if (!std::getline(text, line) || line != kHead) return;
    while (std::getline(text, line)) {
      std::istringstream fields(line);
      std::string sha;
      Verdict verdict;
      if (!(fields >> sha >> verdict.more >> verdict.grey_greatest) || fields.get() != '\t' ||
          !std::getline(fields, verdict.fault, '\t'))
        continue;
      std::getline(fields, verdict.hint);
      known_[sha] = std::move(verdict);
    }
  } catch (const Error&) {
    // Only the next start is slower.
  }
}

std::optional<Verdict> Verdicts::find(const std::string& sha256) const {
  const auto found = known_.find(sha256);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void Verdicts::add(const std::string& sha256, Verdict verdict) {
  changed_ = changed_ || known_.count(sha256) == 0;
  used_[sha256] = std::move(verdict);
}

void Verdicts::keep() const {
  if (path_.empty() || !changed_) return;
  std::string text = std::string(kHead) + "\n";
  for (const auto& [sha, verdict] : used_)
    text += fmt::format("{} {} {}\t{}\t{}\n", sha, int(verdict.more), verdict.grey_greatest, one_line(verdict.fault),
                        one_line(verdict.hint));
  try {
    std::error_code ignored;
    fs::create_directories(path_.parent_path(), ignored);
    write_file(path_, text);
  } catch (const Error&) {
  }
}

}  // namespace cambium
