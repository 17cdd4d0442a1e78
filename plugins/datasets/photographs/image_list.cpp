#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

#include "cambium/error.h"
#include "list_file.h"
#include "photographs.h"
#include "same_name.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// The names of the labels of the training images: in the order of their numbers where all are numbers, else by bytes.
std::vector<std::string> class_names(const std::vector<ListLine>& lines) {
  std::vector<std::string> names;
  for (const ListLine& line : lines) names.push_back(line.label);
  const auto number = [](const std::string& name) {
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
    return error == std::errc() && end == name.data() + name.size() ? value : -1;
  };
  const bool numbers = std::all_of(names.begin(), names.end(), [&](const std::string& n) { return number(n) >= 0; });
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return numbers && number(a) != number(b) ? number(a) < number(b) : a < b;
  });
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

class ImageList : public Photographs {
 public:
  explicit ImageList(const Params& params) : Photographs(params) {
    const auto list = [&](const char* key) { return fs::path(params.string(key)); };
    const auto root = [&](const char* key) {
      return params.string("root").empty() ? list(key).parent_path() : fs::path(params.string("root"));
    };
    const std::vector<ListLine> train = read_list(list("train_list"), root("train_list"));
    classes_ = params.strings("classes").empty() ? class_names(train) : params.strings("classes");
    check_names(classes_, list("train_list"));
    for (std::size_t c = 0; c < classes_.size(); ++c) labels_.emplace(classes_[c], std::int64_t(c));
    std::array<std::vector<Listed>, 3> images;
    std::vector<fs::path> lists;
    const bool skips = params.string("on_error") == "skip";
    for (const auto& [split, key] :
         {std::pair{Split::Train, "train_list"}, std::pair{Split::Validation, "validation_list"},
          std::pair{Split::Test, "test_list"}}) {
      if (list(key).empty()) continue;
      lists.push_back(list(key));
      for (const ListLine& line : split == Split::Train ? train : read_list(list(key), root(key)))
        images[std::size_t(split)].push_back({existing(line, root(key), skips), label_of(line)});
    }
    set_images(classes_, std::move(images), std::move(lists));
  }

 private:
  /// The image's path. Where missing ones are not skipped, throws with the line that names it.
  static fs::path existing(const ListLine& line, const fs::path& root, bool skips) {
    fs::path path = image_path(line, root);
    std::error_code ignored;
    if (!skips && !fs::exists(path, ignored))
      throw Error(ErrorKind::Data, fmt::format("{}: {}: No such file or directory", line.place, path.string()),
                  fmt::format("paths are relative to {}; root names another folder", root.string()));
    return path;
  }

  std::int64_t label_of(const ListLine& line) const {
    const auto found = labels_.find(line.label);
    if (found != labels_.end()) return found->second;
    if (const auto same = index_of(line.label, classes_)) return std::int64_t(*same);
    const auto near = suggestion(line.label, classes_);
    throw Error(ErrorKind::Data, fmt::format("{}: no class is called {}", line.place, line.label),
                near ? fmt::format("is it {}?", *near)
                     : "each class needs images to train on, and a place in classes where that is given");
  }

  std::vector<std::string> classes_;
  std::map<std::string, std::int64_t> labels_;
};

}  // namespace

Schema image_list_schema() {
  return photographs_schema(
      Schema()
          .path("train_list", std::nullopt,
                "text file with a line for each training image: its path, a space or comma, its label")
          .path("validation_list", "", "the same for validation; empty: none")
          .path("test_list", "", "the same for the test; empty: none")
          .path("root", "", "what the paths are relative to; empty: the folder of the list that they stand in")
          .strings("classes", std::vector<std::string>{},
                   "the classes in the order of their labels; empty: those of the training images, sorted"));
}

std::unique_ptr<Dataset> make_image_list(const Params& params) { return std::make_unique<ImageList>(params); }

}  // namespace cambium
