#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace cambium {

/// What is odd in class folders without being damaged: counted, with the first example of each kind. All but what is
/// there again is left out.
class LeftOut {
 public:
  enum class Kind { Hidden, Nameless, Links, Special, Again };
  void add(Kind kind, const std::filesystem::path& example);
  /// A sentence for each kind that occurred.
  std::vector<std::string> notes() const;

 private:
  struct Count {
    std::size_t images = 0;
    std::string example;
  };
  std::array<Count, 5> counts_;
};

/// What lies below a class folder.
struct ImagesBelow {
  std::vector<std::filesystem::path> images;   ///< folder by folder, in the order of their paths, as torchvision walks
  std::vector<std::filesystem::path> folders;  ///< all that were looked into
};

/// Whether a file is one of the images, by the end of its name. That of a format which is not read counts too: it is
/// told, and not left out in silence.
bool is_image_name(const std::filesystem::path& path);

/// All images below `folder`, links followed. A link with an image's name that leads nowhere counts as an image: it
/// cannot be read. Hidden files and folders are left out. Throws Error{Data} for a folder that cannot be read, and for
/// a link back to a folder that it lies in.
ImagesBelow images_below(const std::filesystem::path& folder, LeftOut& left_out);

}  // namespace cambium
