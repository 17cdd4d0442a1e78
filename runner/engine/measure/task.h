#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/data/images.h"
#include "engine/data/selection.h"

namespace cambium {

/// A cell's data as a measure looks at it: plain images, those that the cell was trained on, its held-out ones, and its
/// test split, which is opened only for a measure that is taken on it.
class Task {
 public:
  Task(const Dataset& dataset, const Params& data_settings, const InputCard& card, std::uint64_t seed);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  const std::vector<std::string>& classes() const { return data_.info().classes; }

  /// Of the images that were trained on, or of the test split: at most `most`, drawn and ordered by the seed.
  Images drawn(Split split, std::int64_t most);
  /// The same in the data set's order.
  Images in_order(Split split, std::int64_t most);
  /// Validation images where there are any, else test images; drawn.
  Images held_out(std::int64_t most);

 private:
  std::vector<std::int64_t> draw(std::vector<std::int64_t> indices, std::int64_t most) const;
  std::vector<std::int64_t> indices(Split split);

  SealedDataset data_;
  Preprocessing how_;
  Selection selection_;
  std::uint64_t seed_;
};

/// Throws Error{Data} where there are none.
void need_images(const Images& images);

/// Calls `function` with the inputs of all images, batch by batch, in eval mode and without gradients.
void over_batches(Model& model, const Images& images, const std::function<void(const at::Tensor&)>& function);

/// What `function` gives for the inputs of all images, batch by batch, in eval mode and without gradients: [N, ...].
at::Tensor over_images(Model& model, const Images& images,
                       const std::function<at::Tensor(const at::Tensor&)>& function);

/// All labels, int64 [N].
at::Tensor labels_of(const Images& images);

}  // namespace cambium
