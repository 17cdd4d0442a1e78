#include "split_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>
#include <vector>

namespace cambium {
namespace {

constexpr std::array<std::pair<std::string_view, SplitName>, 16> kWords = {{{"train", SplitName::Train},
                                                                            {"training", SplitName::Train},
                                                                            {"trn", SplitName::Train},
                                                                            {"trainval", SplitName::Train},
                                                                            {"val", SplitName::Validation},
                                                                            {"valid", SplitName::Validation},
                                                                            {"validate", SplitName::Validation},
                                                                            {"validation", SplitName::Validation},
                                                                            {"dev", SplitName::Validation},
                                                                            {"devel", SplitName::Validation},
                                                                            {"test", SplitName::Test},
                                                                            {"testing", SplitName::Test},
                                                                            {"tst", SplitName::Test},
                                                                            {"eval", SplitName::Eval},
                                                                            {"evaluate", SplitName::Eval},
                                                                            {"evaluation", SplitName::Eval}}};
/// What says nothing beside such a word.
constexpr std::array<std::string_view, 17> kFillers = {"",       "set",     "sets",     "data",   "dataset", "datasets",
                                                       "split",  "image",   "images",   "img",    "imgs",    "photos",
                                                       "folder", "picture", "pictures", "sample", "samples"};

bool is_filler(std::string_view word) { return std::find(kFillers.begin(), kFillers.end(), word) != kFillers.end(); }

/// The split that a word of lower-case letters names, alone or run together with a filler: "train", "trainset".
std::optional<SplitName> split_of(std::string_view word) {
  for (const auto& [name, split] : kWords)
    if (word.substr(0, name.size()) == name && is_filler(word.substr(name.size()))) return split;
  return std::nullopt;
}

/// Runs of letters in lower case; numbers and all else part them. Bytes beyond ASCII count as letters.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words = {""};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalpha(byte))
      words.back() += char(std::tolower(byte));
    else if (!words.back().empty())
      words.emplace_back();
  }
  return words;
}

}  // namespace

std::optional<NamedSplit> named_split(const std::string& folder) {
  std::optional<NamedSplit> named;
  std::string rest;
  for (const std::string& word : words_of(folder)) {
    if (const auto split = split_of(word)) {
      if (named) return std::nullopt;
      named = NamedSplit{*split, ""};
    } else if (!is_filler(word)) {
      rest += (rest.empty() ? "" : " ") + word;
    }
  }
  if (named) named->rest = rest;
  return named;
}

}  // namespace cambium
