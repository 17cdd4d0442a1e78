#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "cambium/dataset.h"
#include "cambium/schema.h"

namespace cambium {

/// An image's file and its label.
struct Listed {
  std::filesystem::path path;
  std::int64_t label = 0;
};

/// Labelled image files of any size, decoded when they are asked for: always three channels.
class Photographs : public Dataset {
 public:
  const DatasetInfo& info() const override { return info_; }
  std::span<const std::int64_t> labels(Split split) const override { return labels_[std::size_t(split)]; }
  at::Tensor image(Split split, std::int64_t index) const override;

 protected:
  /// Reads `exif` and `on_error`.
  explicit Photographs(const Params& params);
  /// Reads every file once, for the fingerprint, and decodes it, to find the damaged ones; of more than 200,000 only
  /// the heads, unless damaged ones are to be skipped. `more`: files and folders that were read to get here. Throws
  /// Error{Data} naming the files that cannot be read, or the class that they leave without training images.
  void set_images(std::vector<std::string> classes, std::array<std::vector<Listed>, 3> images,
                  std::vector<std::filesystem::path> more);
  /// Something to be told of how it was read.
  void note(std::string sentence);

 private:
  void check_classes(const std::array<std::vector<Listed>, 3>& images);

  bool exif_, skip_;
  int grey_bits_ = 16;  ///< in use, of grey images of more than 8 bits
  DatasetInfo info_;
  std::array<std::vector<std::filesystem::path>, 3> paths_;
  std::array<std::vector<std::int64_t>, 3> labels_;
};

/// The parameters of all data sets of photographs.
Schema photographs_schema(Schema schema);

std::unique_ptr<Dataset> make_image_folder(const Params& params);
Schema image_folder_schema();
std::unique_ptr<Dataset> make_image_list(const Params& params);
Schema image_list_schema();

}  // namespace cambium
