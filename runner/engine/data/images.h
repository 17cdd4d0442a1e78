#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/data/batches.h"
#include "engine/data/geometry/image_source.h"
#include "engine/data/sealed_dataset.h"
#include "engine/model/model.h"

namespace cambium {

/// What a frozen prefix gives for some images.
class Taps {
 public:
  virtual ~Taps() = default;
  /// Of the images at `positions`: [B, ...].
  virtual at::Tensor rows(std::span<const std::int64_t> positions) const = 0;
};

/// Some images of a split with their labels, as a network is fed them: or, once kept, as its frozen prefix gives them.
class Images {
 public:
  Images(const SealedDataset& data, Split split, std::vector<std::int64_t> indices, Preprocessing how);

  std::size_t size() const { return indices_.size(); }
  /// Of an image, plain.
  ImageShape shape() const { return plain_shape(how_.geometry, data_.info().shape); }
  /// The layer that inputs() are for: 0, or where the kept prefix ends.
  std::size_t from() const { return from_; }

  /// What decides the plain inputs beside the data: split, geometry, normalisation.
  std::string key() const;
  /// The data set's own numbers of the images, and how many the split has.
  std::vector<std::int64_t> originals() const { return data_.originals(split_, indices_); }
  std::int64_t original_count() const { return data_.original_count(split_); }
  const DatasetInfo& data() const { return data_.info(); }

  /// From here on inputs() gives `taps`, which are what the first `layers` layers give; the inputs are plain then.
  void feed(std::shared_ptr<const Taps> taps, std::size_t layers);

  /// Inputs of the images at `positions` (0 .. size() - 1), plain.
  at::Tensor inputs(std::span<const std::int64_t> positions) const;
  /// The same, augmented as for `epoch`.
  at::Tensor inputs(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch) const;
  /// int64 [B].
  at::Tensor labels(std::span<const std::int64_t> positions) const;
  /// What the augmented inputs of `epoch` are to be told as: labels(), or, where images are mixed, the share of each
  /// class, float32 [B, classes].
  at::Tensor targets(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch,
                     std::int64_t classes) const;

 private:
  std::vector<std::int64_t> chosen(std::span<const std::int64_t> positions) const;
  at::Tensor varied(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch) const;
  /// One a position.
  std::vector<Mix> mixes(std::span<const std::int64_t> positions, std::uint64_t seed, std::int64_t epoch) const;

  const SealedDataset& data_;
  Split split_;
  std::vector<std::int64_t> indices_, labels_;
  Preprocessing how_;
  ImageSource source_;
  std::size_t from_ = 0;
  std::shared_ptr<const Taps> taps_;
};

/// Images in a batch of whatever needs no gradients: fewer of large ones, whose activations fill the memory.
std::size_t batch_of(const ImageShape& shape);

struct Score {
  double loss = 0;      ///< mean cross-entropy, by image
  double accuracy = 0;  ///< part of the images that are told right
};

/// The model's score in eval mode, without gradients. NaN for no images.
Score evaluate(Model& model, const Images& images);
/// The score of any function from inputs(), and the layer that they are for, to logits.
Score evaluate(const Images& images, const std::function<at::Tensor(const at::Tensor&, std::size_t)>& logits);

}  // namespace cambium
