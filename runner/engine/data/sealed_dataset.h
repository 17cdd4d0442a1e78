#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "cambium/dataset.h"
#include "cambium/schema.h"

namespace cambium {

/// The classes of a data set that a run is about, labelled 0, 1, ...; its images are those of these classes, numbered
/// anew. The test split cannot be read until open(): nothing can be chosen by what is tested on.
class SealedDataset {
 public:
  /// `settings`: the data table (kept_classes()). Throws SelectionError.
  SealedDataset(const Dataset& dataset, const Params& settings);

  void open();

  /// The shape's channels are those of images(), whatever the data set's own are.
  const DatasetInfo& info() const { return info_; }
  /// Whether the settings' `channels` change the images.
  bool recoloured() const { return info_.shape.channels != dataset_.info().shape.channels; }
  std::span<const std::int64_t> labels(Split split) const { return part(split).labels; }
  /// Contiguous uint8 [B, C, H, W], in the settings' `channels`. Throws Error{Plugin} where the data set gives anything
  /// else.
  at::Tensor images(Split split, std::span<const std::int64_t> indices) const;
  /// uint8 [C, H, W] of any size and strides, of data whose images differ in size. Throws Error{Plugin} likewise.
  at::Tensor image(Split split, std::int64_t index) const;
  /// The data set's own numbers of the images at `indices`.
  std::vector<std::int64_t> originals(Split split, std::span<const std::int64_t> indices) const;
  /// How many images the data set's split has, of whatever class.
  std::int64_t original_count(Split split) const;

 private:
  struct Part {
    std::vector<std::int64_t> labels, originals;
  };
  const Part& part(Split split) const;
  void take(Split split);

  const Dataset& dataset_;
  DatasetInfo info_;
  std::vector<std::int64_t> renumbered_;  ///< by the data set's label; -1 for a class that is left out
  std::array<Part, kSplits.size()> parts_;
  bool open_ = false;
};

}  // namespace cambium
