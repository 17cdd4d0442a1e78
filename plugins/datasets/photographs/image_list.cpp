#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <sstream>

#include "cambium/error.h"
#include "cambium/files.h"
#include "photographs.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSpace = " \t\r";

/// A line of a list: "path label", the label after the last white space.
struct Line {
  std::string path, label;
  std::string place;  ///< "file:line"
};

std::vector<Line> read_list(const fs::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path, std::size_t{1} << 30);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  std::vector<Line> lines;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    const std::string place = fmt::format("{}:{}", path.string(), ++number);
    const std::size_t end = line.find_last_not_of(kSpace);
    if (end == std::string::npos) continue;
    line.resize(end + 1);
    const std::size_t gap = line.find_last_of(kSpace), begin = line.find_first_not_of(kSpace);
    const std::size_t last = gap == std::string::npos ? gap : line.find_last_not_of(kSpace, gap);
    if (gap == std::string::npos || last == std::string::npos)
      throw Error(ErrorKind::Data, place + ": is no path and label",
                  "write one image a line: its path, a space, its label");
    lines.push_back({line.substr(begin, last - begin + 1), line.substr(gap + 1), place});
  }
  if (lines.empty())
    throw Error(ErrorKind::Data, path.string() + ": lists no images",
                "write one image a line: its path, a space, its label");
  return lines;
}

/// The names of the labels of the training images: in the order of their numbers where all are numbers, else by bytes.
std::vector<std::string> class_names(const std::vector<Line>& lines) {
  std::vector<std::string> names;
  for (const Line& line : lines) names.push_back(line.label);
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
    const std::vector<Line> train = read_list(list("train_list"));
    classes_ = params.strings("classes").empty() ? class_names(train) : params.strings("classes");
    for (std::size_t c = 0; c < classes_.size(); ++c) labels_.emplace(classes_[c], std::int64_t(c));
    std::array<std::vector<Listed>, 3> images;
    std::vector<fs::path> lists;
    for (const auto& [split, key] :
         {std::pair{Split::Train, "train_list"}, std::pair{Split::Validation, "validation_list"},
          std::pair{Split::Test, "test_list"}}) {
      if (list(key).empty()) continue;
      const fs::path root = params.string("root").empty() ? list(key).parent_path() : fs::path(params.string("root"));
      lists.push_back(list(key));
      for (const Line& line : split == Split::Train ? train : read_list(list(key)))
        images[std::size_t(split)].push_back({root / line.path, label_of(line)});
    }
    set_images(classes_, std::move(images), std::move(lists));
  }

 private:
  std::int64_t label_of(const Line& line) const {
    const auto found = labels_.find(line.label);
    if (found != labels_.end()) return found->second;
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
                "text file with a line for each training image: its path, a space, its label")
          .path("validation_list", "", "the same for validation; empty: none")
          .path("test_list", "", "the same for the test; empty: none")
          .path("root", "", "what the paths are relative to; empty: the folder of the list that they stand in")
          .strings("classes", std::vector<std::string>{},
                   "the classes in the order of their labels; empty: those of the training images, sorted"));
}

std::unique_ptr<Dataset> make_image_list(const Params& params) { return std::make_unique<ImageList>(params); }

}  // namespace cambium
