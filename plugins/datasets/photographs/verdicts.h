#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cambium {

/// What decoding an image file came to, without its pixels.
struct Verdict {
  std::string fault, hint;  ///< empty: it can be read
  bool more = false;        ///< as Picture has them
  int grey_greatest = 0;
};

/// Verdicts by the SHA-256 of a file's bytes, kept between processes: decoding all images of a data set to find the
/// damaged ones is done once, and after a change only for the files that changed.
class Verdicts {
 public:
  /// `files`: those of the data set, by whose names its verdicts are found again.
  explicit Verdicts(const std::vector<std::filesystem::path>& files);

  std::optional<Verdict> find(const std::string& sha256) const;
  void add(const std::string& sha256, Verdict verdict);
  /// Writes those that were added or found, if that is possible and there is anything new.
  void keep() const;

 private:
  std::filesystem::path path_;  ///< empty: there is no place to keep them
  std::map<std::string, Verdict> known_, used_;
  bool changed_ = false;
};

}  // namespace cambium
