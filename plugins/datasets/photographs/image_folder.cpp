#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "cambium/error.h"
#include "cambium/random.h"
#include "photographs.h"

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

/// The folders in `folder` whose names do not begin with a dot, in the order of their names' bytes.
std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (std::error_code ignored; entry.is_directory(ignored) && entry.path().filename().string().front() != '.')
      names.push_back(entry.path().filename().string());
  if (error) fail(folder.string() + ": " + error.message(), "check the path, and that you may read it");
  std::sort(names.begin(), names.end());
  return names;
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
    if (fs::is_directory(root_ / "train", ignored)) {
      classes_ = class_folders(root_ / "train");
      images[std::size_t(Split::Train)] = read_split("train");
      const bool test = fs::is_directory(root_ / "test", ignored);
      for (const char* name : {"val", "valid", "validation"})
        if (fs::is_directory(root_ / name, ignored)) {
          // What there is besides training images is what networks are compared on.
          images[std::size_t(test ? Split::Validation : Split::Test)] = read_split(name);
          break;
        }
      if (test) images[std::size_t(Split::Test)] = read_split("test");
    } else {
      classes_ = class_folders(root_);
      divide(params, images);
    }
    set_images(classes_, std::move(images), watched());
  }

 private:
  static std::vector<std::string> class_folders(const fs::path& folder) {
    std::vector<std::string> classes = folders_in(folder);
    if (classes.empty())
      fail(folder.string() + ": holds no class folders", "put the images of each class into a folder");
    return classes;
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

  std::vector<Listed> read_split(const std::string& split) const {
    std::vector<Listed> images;
    for (const std::string& name : class_folders(root_ / split)) {
      const auto found = std::lower_bound(classes_.begin(), classes_.end(), name);
      if (found == classes_.end() || *found != name) {
        const auto near = suggestion(name, classes_);
        fail(fmt::format("{}: train has no class folder {}", (root_ / split / name).string(), name),
             near ? fmt::format("is it {}? Each class needs images to train on", *near)
                  : "each class needs images to train on: add the folder there, or take it away here");
      }
      for (fs::path& path : images_of(root_ / split / name))
        images.push_back({std::move(path), found - classes_.begin()});
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
