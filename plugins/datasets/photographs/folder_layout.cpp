#include "folder_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "cambium/error.h"
#include "split_names.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::Data, message, hint);
}

/// "a/, b/ and 3 more".
std::string listed(const Names& names) {
  constexpr std::size_t kMost = 4;
  const std::size_t told = names.size() > kMost + 1 ? kMost : names.size();
  std::string text;
  for (std::size_t i = 0; i < told; ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i] + "/";
  return told == names.size() ? text : text + fmt::format(" and {} more", names.size() - told);
}

std::size_t files_in(const fs::path& folder) {
  std::size_t files = 0;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (std::error_code ignored; at->path().filename().string().front() != '.' && at->is_regular_file(ignored)) ++files;
  return files;
}

/// The folders of a root by what their names say; names that say more than the split ("seg_train") count where a whole
/// family is called so, and no folder is called by the split alone.
class Splits {
 public:
  explicit Splits(const Names& folders) {
    std::map<std::string, std::map<SplitName, Names>> families;
    for (const std::string& folder : folders)
      if (const auto named = named_split(folder)) families[named->rest][named->split].push_back(folder);
    const auto own = families.find("");
    if (own != families.end()) {
      of_ = own->second;
      return;
    }
    std::vector<const std::map<SplitName, Names>*> whole;
    for (const auto& [rest, family] : families)
      if (family.size() > 1 && family.count(SplitName::Train)) whole.push_back(&family);
    if (whole.size() == 1) of_ = *whole.front();
  }

  /// Those of one split, the usual name first.
  Names of(SplitName split, const Names& usual = {}) const {
    const auto found = of_.find(split);
    Names names = found == of_.end() ? Names() : found->second;
    const auto rank = [&](const std::string& name) { return std::find(usual.begin(), usual.end(), name); };
    std::stable_sort(names.begin(), names.end(),
                     [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
    return names;
  }
  Names all() const {
    Names names;
    for (const auto& [split, folders] : of_) names.insert(names.end(), folders.begin(), folders.end());
    return names;
  }

 private:
  std::map<SplitName, Names> of_;
};

/// The folder below `root`, by way of folders that hold nothing else, that holds a training split, if there is one.
std::optional<fs::path> root_below(fs::path root) {
  constexpr int kDeep = 4;
  for (int i = 0; i < kDeep; ++i) {
    const Names folders = folders_in(root);
    if (!Splits(folders).of(SplitName::Train).empty()) return root;
    if (folders.size() != 1) break;
    root /= folders.front();
  }
  return std::nullopt;
}

/// Throws where the folders of `folder`, which are to be classes, are something else. `all`: they are all the classes
/// that there are, and not those that a test happens to have.
void check_classes(const fs::path& folder, bool all) {
  const Names classes = folders_in(folder);
  if (classes.empty()) {
    const std::size_t files = files_in(folder);
    fail(folder.string() + ": holds no class folders" +
             (files == 0 ? "" : fmt::format(", but {} file{} of no class", files, files == 1 ? "" : "s")),
         "put the images of each class into a folder called as the class, or take this folder away");
  }
  for (const std::string& name : classes) {
    const Names below = folders_in(folder / name);
    const Splits splits(below);
    if (splits.of(SplitName::Train).empty() && splits.all().size() < 2) continue;
    const bool higher = classes.size() == 1;
    fail(fmt::format("{}: the class folder {}/ holds {}, which are no part of a class but splits", folder.string(),
                     name, listed(splits.all())),
         higher ? fmt::format("is root = \"{}\" meant?", (folder / name).string())
                : "give as root the folder of train/ and test/; the class folders are in these");
  }
  if (!all || classes.size() > 1) return;
  const fs::path only = folder / classes.front();
  const Names below = folders_in(only);
  if (below.empty()) return;
  const auto meant = root_below(only);
  fail(fmt::format("{}: holds a single class folder, {}/, and that holds the folders {}", folder.string(),
                   classes.front(), listed(below)),
       fmt::format("a single class is nothing to tell apart: is root = \"{}\" meant?", meant.value_or(only).string()));
}

/// A word about class folders that all hold the same folders, as cameras or domains do that hold the classes.
void note_alike(const fs::path& folder, Names& notes) {
  const Names classes = folders_in(folder);
  if (classes.size() < 2) return;
  const Names first = folders_in(folder / classes.front());
  if (first.size() < 2) return;
  for (const std::string& name : classes)
    if (folders_in(folder / name) != first) return;
  notes.push_back(fmt::format("{}: the classes are {}, and each holds the folders {}: are these the classes?",
                              folder.string(), listed(classes), listed(first)));
}

/// A split's folder; the one in it, where it holds just one of the same name (seg_train/seg_train).
fs::path unpacked(const fs::path& folder) {
  const Names below = folders_in(folder);
  const bool twice = below.size() == 1 && below.front() == folder.filename().string();
  return twice && !folders_in(folder / below.front()).empty() ? folder / below.front() : folder;
}

class Layout {
 public:
  Layout(fs::path root, const Names& folders) : root_(std::move(root)), folders_(folders), splits_(folders) {}

  FolderLayout read() && {
    layout_.train = take(choose(SplitName::Train, {"train"}), "training", {"train"});
    note_alike(layout_.train, layout_.notes);
    auto validation = choose(SplitName::Validation, {"val", "valid", "validation"});
    auto test = choose(SplitName::Test, {"test"});
    // What there is besides training images is what networks are compared on.
    if (test.empty()) test = choose(SplitName::Eval, {});
    if (test.empty()) std::swap(test, validation);
    layout_.validation = take(validation, "validation", {"val", "valid", "validation"});
    layout_.test = take(test, "test", {"test", "val", "valid", "validation"});
    for (const std::string& name : folders_)
      if (std::find(read_.begin(), read_.end(), name) == read_.end() && looks_read(name))
        layout_.notes.push_back(
            fmt::format("{} is not read: the splits are {}", (root_ / name).string(), listed(read_)));
    return std::move(layout_);
  }

 private:
  /// The folder of a split: the usual name first, else the one there is.
  std::string choose(SplitName split, const Names& usual) const {
    const Names names = splits_.of(split, usual);
    if (names.empty()) return "";
    if (std::find(usual.begin(), usual.end(), names.front()) != usual.end() || names.size() == 1) return names.front();
    fail(fmt::format("{}: {} may each be the {} split", root_.string(), listed(names),
                     split == SplitName::Train        ? "training"
                     : split == SplitName::Validation ? "validation"
                                                      : "test"),
         "take away, or rename, those that are not");
  }

  fs::path take(const std::string& name, const std::string& split, const Names& usual) {
    if (name.empty()) return {};
    read_.push_back(name);
    const fs::path folder = unpacked(root_ / name);
    check_classes(folder, split == "training");
    if (folder != root_ / name || std::find(usual.begin(), usual.end(), name) == usual.end())
      layout_.notes.push_back(fmt::format("{} is read as the {} split", folder.string(), split));
    return folder;
  }

  /// Whether somebody would expect that a folder is read: it is called as a split, or as a class.
  bool looks_read(const std::string& name) const {
    if (named_split(name)) return true;
    std::error_code ignored;
    return fs::is_directory(layout_.train / name, ignored);
  }

  fs::path root_;
  Names folders_, read_;
  Splits splits_;
  FolderLayout layout_;
};

}  // namespace

std::vector<std::string> folders_in(const fs::path& folder) {
  static constexpr std::array<std::string_view, 5> kLeavings = {"__MACOSX", "__pycache__", "@eaDir", "lost+found",
                                                                "$RECYCLE.BIN"};
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool leaving = std::find(kLeavings.begin(), kLeavings.end(), name) != kLeavings.end();
    if (std::error_code ignored; !leaving && name.front() != '.' && entry.is_directory(ignored)) names.push_back(name);
  }
  if (error) fail(folder.string() + ": " + error.message(), "check the path, and that you may read it");
  std::sort(names.begin(), names.end());
  return names;
}

FolderLayout folder_layout(const fs::path& root) {
  const Names folders = folders_in(root);
  const Splits splits(folders);
  const Names train = splits.of(SplitName::Train), found = splits.all();
  const bool usual = std::find(train.begin(), train.end(), "train") != train.end();
  const bool of_classes = std::any_of(train.begin(), train.end(),
                                      [&](const std::string& name) { return !folders_in(root / name).empty(); });
  if (usual || of_classes) return Layout(root, folders).read();
  if (!found.empty()) {
    const std::string others = found.size() == folders.size() ? "" : " beside other folders";
    fail(
        fmt::format("{}: holds {}{}: {}, and {}", root.string(), listed(found), others,
                    found.size() == 1 ? "the name of a split and not of a class" : "names of splits and not of classes",
                    train.empty() ? "there is no train/ to learn from"
                                  : fmt::format("{}/ holds no class folders", train.front())),
        found.size() == folders.size()
            ? "put the images to train on into train/CLASS/, those of the test into test/CLASS/"
            : "put all class folders into a folder train/, and the test's into test/; a class may be called so there");
  }
  check_classes(root, true);
  FolderLayout layout;
  note_alike(root, layout.notes);
  return layout;
}

}  // namespace cambium
