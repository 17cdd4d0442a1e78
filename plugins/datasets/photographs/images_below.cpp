#include "images_below.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "cambium/error.h"
#include "decode.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

using Id = std::pair<dev_t, ino_t>;

bool is_hidden(const fs::path& path) { return path.filename().string().front() == '.'; }

/// Of a file or folder, links followed; what cannot be looked at has none.
Id id_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

/// Whether a file is an image by its first bytes.
bool is_image_inside(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  std::array<std::uint8_t, 32> head{};
  const auto count = ::read(file, head.data(), head.size());
  ::close(file);
  return count > 0 && !format_of({head.data(), std::size_t(count)}).empty();
}

class Walk {
 public:
  Walk(const fs::path& folder, LeftOut& left_out) : left_out_(left_out) {
    for (fs::path above = fs::absolute(folder).lexically_normal(); above != above.root_path();
         above = above.parent_path())
      if (above.has_filename()) inside_.emplace_back(id_of(above), above);
    std::reverse(inside_.begin(), inside_.end());
  }

  void into(const fs::path& folder) {
    found_.folders.push_back(folder);
    std::error_code error;
    std::vector<std::string>& names = by_folder_[folder.string()];
    std::vector<fs::path> below;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      look(*at, names, below);
    if (error)
      throw Error(ErrorKind::Data, folder.string() + ": " + error.message(), "check that all of it can be read");
    for (const fs::path& path : below) enter(path);
  }

  ImagesBelow found() && {
    for (auto& [folder, names] : by_folder_) {
      std::sort(names.begin(), names.end());
      for (const std::string& name : names) found_.images.push_back(fs::path(folder) / name);
    }
    return std::move(found_);
  }

 private:
  void look(const fs::directory_entry& entry, std::vector<std::string>& names, std::vector<fs::path>& below) {
    std::error_code ignored;
    const fs::path& path = entry.path();
    const bool image = is_image_name(path);
    if (is_hidden(path)) return hidden(entry);
    if (entry.is_directory(ignored)) return below.push_back(path);
    const bool nowhere = entry.is_symlink(ignored) && !entry.exists(ignored);
    if (image && (nowhere || entry.is_regular_file(ignored))) {
      if (!nowhere && !seen_.insert(id_of(path)).second) left_out_.add(LeftOut::Kind::Again, path);
      return names.push_back(path.filename().string());
    }
    if (nowhere) return left_out_.add(LeftOut::Kind::Links, path);
    if (image) return left_out_.add(LeftOut::Kind::Special, path);
    if (entry.is_regular_file(ignored) && is_image_inside(path)) left_out_.add(LeftOut::Kind::Nameless, path);
  }

  /// Counts the images that are left out with it.
  void hidden(const fs::directory_entry& entry) {
    std::error_code ignored;
    if (!entry.is_directory(ignored)) {
      if (is_image_name(entry.path())) left_out_.add(LeftOut::Kind::Hidden, entry.path());
      return;
    }
    for (fs::recursive_directory_iterator at(entry.path(), ignored), end; !ignored && at != end; at.increment(ignored))
      if (is_image_name(at->path())) left_out_.add(LeftOut::Kind::Hidden, at->path());
  }

  void enter(const fs::path& folder) {
    const Id id = id_of(folder);
    for (const auto& [above, path] : inside_)
      if (above == id)
        throw Error(ErrorKind::Data,
                    fmt::format("{}: is a link back to {}, in which it lies: images would be read again and again",
                                folder.string(), path.string()),
                    "take the link away");
    inside_.emplace_back(id, folder);
    into(folder);
    inside_.pop_back();
  }

  LeftOut& left_out_;
  ImagesBelow found_;
  std::map<std::string, std::vector<std::string>> by_folder_;
  std::set<Id> seen_;                            ///< images
  std::vector<std::pair<Id, fs::path>> inside_;  ///< the folders that the walk is in
};

}  // namespace

void LeftOut::add(Kind kind, const fs::path& example) {
  Count& count = counts_[std::size_t(kind)];
  if (count.images++ == 0) count.example = example.string();
}

std::vector<std::string> LeftOut::notes() const {
  struct Words {
    const char *one, *many;
  };
  static constexpr std::array<Words, 5> kWords = {
      {{"image is left out since its name or its folder's begins with a dot",
        "images are left out since their names or their folders' begin with a dot"},
       {"file holds an image and is left out since its name has not the end of one",
        "files hold images and are left out since their names have not the end of one"},
       {"link leads nowhere and is left out", "links lead nowhere and are left out"},
       {"entry has an image's name, is no file and is left out",
        "entries have an image's name, are no files and are left out"},
       {"image is there again, by a link, and counts twice", "images are there again, by links, and count twice"}}};
  std::vector<std::string> notes;
  for (std::size_t k = 0; k < counts_.size(); ++k) {
    const auto& [images, example] = counts_[k];
    if (images > 0)
      notes.push_back(
          fmt::format("{} {}, for instance {}", images, images == 1 ? kWords[k].one : kWords[k].many, example));
  }
  return notes;
}

bool is_image_name(const fs::path& path) {
  // Those that are read; then those that are not, and are refused by name when they are opened.
  static const std::vector<std::string> kEnds = {".jpg", ".jpeg", ".jpe",  ".jfif", ".png",  ".apng", ".webp", ".bmp",
                                                 ".dib", ".gif",  ".tif",  ".tiff", ".ppm",  ".pgm",  ".pbm",  ".pnm",
                                                 ".pam", ".pfm",  ".heic", ".heif", ".avif", ".jp2",  ".j2k",  ".jpx",
                                                 ".jxl", ".svg",  ".psd",  ".tga",  ".exr",  ".dcm"};
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return std::find(kEnds.begin(), kEnds.end(), end) != kEnds.end();
}

ImagesBelow images_below(const fs::path& folder, LeftOut& left_out) {
  Walk walk(folder, left_out);
  walk.into(folder);
  return std::move(walk).found();
}

}  // namespace cambium
