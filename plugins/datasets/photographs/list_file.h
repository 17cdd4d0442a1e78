#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cambium {

/// A line of a list: an image's path as it is written, and its label.
struct ListLine {
  std::string path, label;
  std::string place;  ///< "file:line"
};

/// The images that a text file lists, one a line: path and label, between them white space, a comma, a semicolon or a
/// tab; a line of column names may come first and say which is which. UTF-8 with or without a byte order mark, UTF-16
/// with one. `root`: what the paths are relative to; which of the marks is meant shows in the files that are there.
/// Throws Error{Data} with file:line.
std::vector<ListLine> read_list(const std::filesystem::path& path, const std::filesystem::path& root);

/// Where the image of a line lies: under `root`; a path written with backslashes is read so, where no file is called
/// so.
std::filesystem::path image_path(const ListLine& line, const std::filesystem::path& root);

}  // namespace cambium
