#include "idx_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

#include "cambium/error.h"
#include "files/folder_with.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::Data, message, hint);
}

/// What the names of `split`'s ("train" or "t10k") images or labels may be.
std::vector<std::string> names_of(const std::string& set, const std::string& split, const std::string& what,
                                  const std::vector<int>& dimensions) {
  std::vector<std::string> names;
  const std::string begin = set.empty() ? "" : set + "-";
  // EMNIST says test where MNIST says t10k.
  for (const std::string& word : split == "t10k" ? std::vector<std::string>{"t10k", "test"} : std::vector{split})
    for (const int dimension : dimensions)
      for (const char joint : {'-', '.'})
        for (const char* packed : {"", ".gz"})
          names.push_back(fmt::format("{}{}-{}{}idx{}-ubyte{}", begin, word, what, joint, dimension, packed));
  return names;
}

fs::path find_file(const fs::path& root, const std::string& set, const std::string& split, const std::string& what,
                   const std::vector<int>& dimensions) {
  const auto names = names_of(set, split, what, dimensions);
  std::error_code ignored;
  for (const std::string& name : names)
    if (fs::exists(root / name, ignored)) return root / name;
  fail(fmt::format("{}: no {} {}; looked for {}", root.string(), split, what, fmt::join(names, ", ")),
       "put the four IDX files there, plain or .gz, under one of these names");
}

/// What the training images of the sets in a folder begin with, "" for MNIST's own names.
std::set<std::string> sets_in(const fs::path& folder) {
  static const std::regex kImages("(?:(.+)-)?train-images[-.]idx[34]-ubyte(?:\\.gz)?");
  std::set<std::string> sets;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::smatch match;
    const std::string name = at->path().filename().string();
    if (std::regex_match(name, match, kImages)) sets.insert(match[1].str());
  }
  return sets;
}

/// The set that is meant, of those there are.
std::string chosen(const fs::path& root, const std::set<std::string>& sets, const std::string& wanted) {
  if (!wanted.empty() || sets.empty() || sets.count("")) return wanted;
  if (sets.size() == 1) return *sets.begin();
  fail(fmt::format("{}: holds several sets: {}", root.string(), fmt::join(sets, ", ")),
       fmt::format("say which with set = \"{}\"", *sets.begin()));
}

}  // namespace

IdxNames find_idx(const fs::path& given, const std::string& wanted) {
  std::error_code ignored;
  if (!fs::is_directory(given, ignored))
    fail(given.string() + ": there is no such folder",
         "give as root the folder of the IDX files, relative to the data root");
  const fs::path root = files::folder_with(given, [&](const fs::path& folder) {
    const auto sets = sets_in(folder);
    return wanted.empty() ? !sets.empty() : sets.count(wanted) > 0;
  });
  const std::string set = chosen(root, sets_in(root), wanted);
  IdxNames names;
  names.paths = {find_file(root, set, "train", "images", {3, 4}), find_file(root, set, "train", "labels", {1}),
                 find_file(root, set, "t10k", "images", {3, 4}), find_file(root, set, "t10k", "labels", {1})};
  names.emnist = set.starts_with("emnist");
  names.letters = set == "emnist-letters";
  names.notes = files::note_of(given, root);
  return names;
}

}  // namespace cambium
