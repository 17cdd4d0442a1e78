#include "weights/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <regex>

namespace cambium {
namespace {

bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::vector<std::string_view> name_parts(std::string_view name) {
  std::vector<std::string_view> parts;
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    parts.push_back(name.substr(0, dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  return parts;
}

std::string bare_name(std::string_view name, bool module) {
  std::string bare;
  for (std::string_view part : name_parts(name)) {
    if (is_any(part,
               {"_orig_mod", "_fsdp_wrapped_module", "_fpw_module", "_checkpoint_wrapped_module", "_forward_module"}) ||
        (module && part == "module"))
      continue;
    bare += bare.empty() ? "" : ".";
    bare += part;
  }
  return bare;
}

bool has_run(std::string_view path, std::string_view run) {
  const auto parts = name_parts(path), wanted = name_parts(run);
  return std::search(parts.begin(), parts.end(), wanted.begin(), wanted.end()) != parts.end() || wanted.empty();
}

bool names_a_copy(std::string_view path) {
  for (std::string_view part : name_parts(path)) {
    if (part == "encoder_k" || part == "target_network" || part == "target_encoder") return true;
    while (!part.empty()) {
      const std::size_t end = std::min(part.find('_'), part.size());
      if (is_any(part.substr(0, end), {"ema", "EMA", "momentum", "averaged", "avg", "swa", "shadow"})) return true;
      part.remove_prefix(std::min(end + 1, part.size()));
    }
  }
  return false;
}

std::string shard_of(const std::string& filename) {
  static const std::regex kShard(R"(-0*(\d{1,9})-of-0*(\d{1,9})\.)");
  std::smatch match;
  if (!std::regex_search(filename, match, kShard) || match[2] == "1") return {};
  return fmt::format("{} of {}", match[1].str(), match[2].str());
}

}  // namespace cambium
