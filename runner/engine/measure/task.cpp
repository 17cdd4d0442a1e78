#include "engine/measure/task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <numeric>

#include "cambium/error.h"
#include "cambium/random.h"

namespace cambium {
namespace {

std::vector<std::int64_t> range(std::size_t from, std::size_t to) {
  std::vector<std::int64_t> positions(to - from);
  std::iota(positions.begin(), positions.end(), std::int64_t(from));
  return positions;
}

}  // namespace

Task::Task(const Dataset& dataset, const Params& data_settings, const InputCard& card, std::uint64_t seed)
    : data_(dataset, data_settings),
      how_(preprocessing(data_settings, card, data_.info().shape.channels).plain()),
      selection_(select_images(data_.labels(Split::Train), data_.labels(Split::Validation).size(), data_.info().classes,
                               data_settings, seed)),
      seed_(seed) {}

std::vector<std::int64_t> Task::draw(std::vector<std::int64_t> indices, std::int64_t most) const {
  RandomStream(seed_, "measure").shuffle(indices);
  indices.resize(std::min(indices.size(), std::size_t(most)));
  return indices;
}

std::vector<std::int64_t> Task::indices(Split split) {
  if (split != Split::Test) return selection_.train;
  data_.open();
  return range(0, data_.labels(Split::Test).size());
}

Images Task::drawn(Split split, std::int64_t most) { return Images(data_, split, draw(indices(split), most), how_); }

Images Task::in_order(Split split, std::int64_t most) {
  auto chosen = draw(indices(split), most);
  std::sort(chosen.begin(), chosen.end());
  return Images(data_, split, std::move(chosen), how_);
}

Images Task::held_out(std::int64_t most) {
  if (selection_.validation.empty()) return drawn(Split::Test, most);
  return Images(data_, selection_.validation_split ? Split::Validation : Split::Train,
                draw(selection_.validation, most), how_);
}

void need_images(const Images& images) {
  if (images.size() == 0)
    throw Error(ErrorKind::Data, "there are no images to take it on", "take the measure out, or give the data some");
}

void over_batches(Model& model, const Images& images, const std::function<void(const at::Tensor&)>& function) {
  need_images(images);
  const at::NoGradGuard no_grad;
  model.eval();
  const std::size_t batch = batch_of(images.shape());
  for (std::size_t at = 0; at < images.size(); at += batch)
    function(images.inputs(range(at, std::min(at + batch, images.size()))));
}

at::Tensor over_images(Model& model, const Images& images,
                       const std::function<at::Tensor(const at::Tensor&)>& function) {
  std::vector<at::Tensor> parts;
  over_batches(model, images, [&](const at::Tensor& x) { parts.push_back(function(x)); });
  return at::cat(parts);
}

at::Tensor labels_of(const Images& images) { return images.labels(range(0, images.size())); }

}  // namespace cambium
