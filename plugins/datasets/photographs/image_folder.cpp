#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "cambium/error.h"
#include "cambium/random.h"
#include "folder_layout.h"
#include "photographs.h"
#include "same_name.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::Data, message, hint);
}

/// Whether a file is one of the images, by the end of its name, as torchvision has it. That of a format which is not
/// read counts too: it is told, and not left out in silence.
bool is_image(const fs::path& path) {
  static const std::vector<std::string> kEnds = {".jpg", ".jpeg", ".png",  ".ppm",  ".bmp",
                                                 ".pgm", ".tif",  ".tiff", ".webp", ".gif"};
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return path.filename().string().front() != '.' && std::find(kEnds.begin(), kEnds.end(), end) != kEnds.end();
}

/// All images below `folder`: folder by folder, in the order of their paths, as torchvision walks.
std::vector<fs::path> images_in(const fs::path& folder) {
  std::map<std::string, std::vector<std::string>> by_folder;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::follow_directory_symlink, error), end;
       !error && at != end; at.increment(error))
    if (std::error_code ignored; at->is_regular_file(ignored) && is_image(at->path()))
      by_folder[at->path().parent_path().string()].push_back(at->path().filename().string());
  if (error)
    fail(folder.string() + ": " + error.message(), "check that all of it can be read, and has no loop of links");
  std::vector<fs::path> images;
  for (auto& [parent, names] : by_folder) {
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) images.push_back(fs::path(parent) / name);
  }
  return images;
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
    set_images(classes_, std::move(images), watched());
  }

 private:
  void set_classes(const fs::path& folder) {
    classes_ = folders_in(folder);
    check_names(classes_, folder);
  }

  std::vector<fs::path> images_of(const fs::path& folder) const {
    std::vector<fs::path> images = images_in(folder);
    if (images.empty())
      fail(folder.string() + ": the class folder holds no images",
           "put JPEG or PNG files there, or take the folder away");
    return images;
  }

  /// The folders whose change is a change of the data: classes and splits that come and go.
  std::vector<fs::path> watched() const {
    std::vector<fs::path> folders = {root_};
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(root_, fs::directory_options::follow_directory_symlink, ignored), end;
         !ignored && at != end; at.increment(ignored))
      if (std::error_code none; at->is_directory(none)) folders.push_back(at->path());
    return folders;
  }

  std::vector<Listed> read_split(const fs::path& folder) const {
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
  void divide(const Params& params, std::array<std::vector<Listed>, 3>& images) const {
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
