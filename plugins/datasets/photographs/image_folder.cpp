#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "cambium/error.h"
#include "cambium/random.h"
#include "folder_layout.h"
#include "images_below.h"
#include "photographs.h"
#include "same_name.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::Data, message, hint);
}

/// A link among class folders that leads nowhere may be a class.
void check_links(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (std::error_code ignored; entry.is_symlink(ignored) && !entry.exists(ignored) && !is_image_name(entry.path()))
      fail(entry.path().string() + ": is a link that leads nowhere",
           "fetch what it leads to, or take it away: it may be a class");
}

class ImageFolder : public Photographs {
 public:
  explicit ImageFolder(const Params& params) : Photographs(params), root_(params.string("root")) {
    std::error_code ignored;
    if (!fs::is_directory(root_, ignored))
      fail(root_.string() + ": there is no such folder",
           "give as root the folder of the class folders, or of train/ and val/");
    std::array<std::vector<Listed>, 3> images;
    const FolderLayout layout = folder_layout(root_);
    for (const std::string& sentence : layout.notes) note(sentence);
    if (layout.train.empty()) {
      set_classes(root_);
      divide(params, images);
    } else {
      set_classes(layout.train);
      images[std::size_t(Split::Train)] = read_split(layout.train);
      if (!layout.validation.empty()) images[std::size_t(Split::Validation)] = read_split(layout.validation);
      if (!layout.test.empty()) images[std::size_t(Split::Test)] = read_split(layout.test);
    }
    for (std::string& sentence : left_out_.notes()) note(std::move(sentence));
    set_images(classes_, std::move(images), watched());
  }

 private:
  void set_classes(const fs::path& folder) {
    check_links(folder);
    classes_ = folders_in(folder);
    check_names(classes_, folder);
  }

  std::vector<fs::path> images_of(const fs::path& folder) {
    ImagesBelow below = images_below(folder, left_out_);
    folders_.insert(folders_.end(), below.folders.begin(), below.folders.end());
    if (below.images.empty())
      fail(folder.string() + ": the class folder holds no images", "put image files there, or take the folder away");
    return std::move(below.images);
  }

  /// The folders whose change is a change of the data: classes and splits that come and go.
  std::vector<fs::path> watched() const {
    std::vector<fs::path> folders = folders_;
    folders.push_back(root_);
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(root_, ignored), end; !ignored && at != end; at.increment(ignored))
      if (std::error_code none; at->is_directory(none)) folders.push_back(at->path());
    return folders;
  }

  std::vector<Listed> read_split(const fs::path& folder) {
    check_links(folder);
    std::vector<Listed> images;
    for (const std::string& name : folders_in(folder)) {
      const auto label = index_of(name, classes_);
      if (!label) {
        const auto near = suggestion(name, classes_);
        fail(fmt::format("{}: the training split has no class folder {}", (folder / name).string(), name),
             near ? fmt::format("is it {}? Each class needs images to train on", *near)
                  : "each class needs images to train on: add the folder there, or take it away here");
      }
      for (fs::path& path : images_of(folder / name)) images.push_back({std::move(path), std::int64_t(*label)});
    }
    return images;
  }

  /// A part of each class becomes the test split, drawn by a seed of its own: the same for all seeds of a study.
  void divide(const Params& params, std::array<std::vector<Listed>, 3>& images) {
    const double part = params.number("test_part");
    for (std::size_t c = 0; c < classes_.size(); ++c) {
      const std::vector<fs::path> paths = images_of(root_ / classes_[c]);
      std::vector<std::size_t> order(paths.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      RandomStream(std::uint64_t(params.integer("split_seed")), "split", c).shuffle(order);
      auto count = std::size_t(std::llround(part * double(paths.size())));
      if (part > 0) count = std::max<std::size_t>(count, 1);
      if (count >= paths.size())
        fail(fmt::format("{}: holds {} image{}, too few to keep some for the test", (root_ / classes_[c]).string(),
                         paths.size(), paths.size() == 1 ? "" : "s"),
             "add images, or set test_part = 0");
      std::vector<bool> tested(paths.size());
      for (std::size_t i = 0; i < count; ++i) tested[order[i]] = true;
      for (std::size_t i = 0; i < paths.size(); ++i)
        images[std::size_t(tested[i] ? Split::Test : Split::Train)].push_back({paths[i], std::int64_t(c)});
    }
  }

  const fs::path root_;
  std::vector<std::string> classes_;
  LeftOut left_out_;
  std::vector<fs::path> folders_;  ///< that images were looked for in
};

}  // namespace

Schema image_folder_schema() {
  return photographs_schema(
      Schema()
          .path("root", std::nullopt, "folder of train/, val/ and test/ with class folders, or of the class folders")
          .number("test_part", 0.2, {0, 0.9}, "part of each class that is the test split, where there is no train/")
          .integer("split_seed", 0, {0, 1e9}, "what that part is drawn by"));
}

std::unique_ptr<Dataset> make_image_folder(const Params& params) { return std::make_unique<ImageFolder>(params); }

}  // namespace cambium
