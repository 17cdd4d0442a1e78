#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cambium/backbone.h"

namespace cambium {

enum class Split { Train, Validation, Test };
inline constexpr std::array<Split, 3> kSplits = {Split::Train, Split::Validation, Split::Test};
/// "train", "validation", "test".
const char* to_string(Split split);

/// What a data set is, whatever is picked from it.
struct DatasetInfo {
  ImageShape shape;                  ///< of every image; height and width are 0 where the images differ in size
  std::vector<std::string> classes;  ///< a name a class; labels are 0 .. classes.size() - 1
  /// Says which bytes the images and labels are: equal for equal data, wherever it lies and however it is packed.
  std::string fingerprint;
  /// The files that were read, so that a change of them is noticed; empty for data that needs none.
  std::vector<std::filesystem::path> files;
  /// Files that were left out since they cannot be read, each with what is wrong with it.
  std::vector<std::string> skipped = {};
  /// What else a user should know of how it was read, a sentence each: folders left out, a split known by another name.
  std::vector<std::string> notes = {};
};

/// Labelled images. Picking, resizing, normalising and augmenting are the runner's, the same for every data set.
///
/// A data set of one size overrides images(), one whose images differ in size image(): each does by the other what it
/// does not override. Both may be called by several threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual const DatasetInfo& info() const = 0;
  /// One label an image, in the data set's order; empty for a split that it lacks.
  virtual std::span<const std::int64_t> labels(Split split) const = 0;
  /// The images at `indices`, as uint8 [B, C, H, W].
  virtual at::Tensor images(Split split, std::span<const std::int64_t> indices) const;
  /// The image at `index` at its full size, as uint8 [C, H, W], strided as it comes. Throws Error{Data} naming the file
  /// of an image that cannot be read.
  virtual at::Tensor image(Split split, std::int64_t index) const;
};

/// A data set held in memory: a plugin fills it in its constructor and is done.
class MemoryDataset : public Dataset {
 public:
  const DatasetInfo& info() const override { return info_; }
  std::span<const std::int64_t> labels(Split split) const override;
  at::Tensor images(Split split, std::span<const std::int64_t> indices) const override;

 protected:
  void set_info(DatasetInfo info) { info_ = std::move(info); }
  /// `images`: uint8 [N, C, H, W], contiguous. Throws Error{Data} where sizes or labels disagree with each other or the
  /// info.
  void set_split(Split split, at::Tensor images, std::vector<std::int64_t> labels);

 private:
  struct Part {
    at::Tensor images;
    std::vector<std::int64_t> labels;
  };
  DatasetInfo info_;
  std::array<Part, 3> parts_;
};

}  // namespace cambium
