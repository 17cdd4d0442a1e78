#include "engine/taps/frozen_prefix.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "cambium/files.h"
#include "engine/data/geometry/parallel.h"
#include "engine/model/threads.h"

namespace cambium {
namespace {

/// Images that are computed together. Each has its row by its own number, so that all bits of it are its own: a matrix
/// product rounds a row by where it stands.
constexpr std::int64_t kBatch = 16;
/// Bytes of taps that a run keeps to itself, at most.
constexpr std::int64_t kMostInMemory = std::int64_t{1} << 29;

std::int64_t count_of(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

/// [`rows`, `shape`...], in the order in which rows are kept: maps with the channels last.
at::Tensor batch_of(std::int64_t rows, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> sizes = {rows};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return at::empty(
      sizes, at::TensorOptions()
                 .dtype(at::kFloat)
                 .memory_format(sizes.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous));
}

/// `taps` as float32 in that order.
at::Tensor in_order(const at::Tensor& taps) {
  return taps.to(at::kFloat)
      .contiguous(taps.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

/// Rows wherever they lie.
class KeptTaps : public Taps {
 public:
  KeptTaps(std::vector<std::int64_t> shape, std::size_t images) : shape_(std::move(shape)), rows_(images) {}

  std::int64_t bytes() const { return count_of(shape_) * 4; }
  void set(std::size_t position, const void* row) { rows_[position] = static_cast<const std::uint8_t*>(row); }
  void hold(std::shared_ptr<const KeptRows> file) { file_ = std::move(file); }
  /// Keeps a row in memory.
  void copy(std::size_t position, const void* row) {
    auto& own = own_.emplace_back(new std::uint8_t[std::size_t(bytes())]);
    std::memcpy(own.get(), row, std::size_t(bytes()));
    set(position, own.get());
  }

  at::Tensor rows(std::span<const std::int64_t> positions) const override {
    at::Tensor result = batch_of(std::int64_t(positions.size()), shape_);
    auto* to = static_cast<std::uint8_t*>(result.data_ptr());
    for (const std::int64_t position : positions) {
      std::memcpy(to, rows_[std::size_t(position)], std::size_t(bytes()));
      to += bytes();
    }
    return result;
  }

 private:
  std::vector<std::int64_t> shape_;
  std::vector<const std::uint8_t*> rows_;  ///< by position
  std::vector<std::unique_ptr<std::uint8_t[]>> own_;
  std::shared_ptr<const KeptRows> file_;
};

}  // namespace

/// Finds or computes the rows of the last of some cuts, and on the way those of the others.
class FrozenPrefix::Filling {
 public:
  Filling(FrozenPrefix& prefix, const Images& images, std::vector<Cut> cuts)
      : prefix_(prefix), images_(images), cuts_(std::move(cuts)), originals_(images.originals()) {
    taps_ = std::make_shared<KeptTaps>(prefix.shape(target().layers, images), images.size());
    taps_->hold(target().file);
  }

  std::shared_ptr<const Taps> run() {
    std::vector<std::size_t> left;
    for (std::size_t position = 0; position < images_.size(); ++position)
      if (!find(position)) left.push_back(position);
    while (!left.empty()) {
      std::vector<std::size_t> taken = compute_unclaimed(std::move(left));
      left.clear();
      if (taken.empty()) break;
      // Somebody else computes these. Once one of them is there, or its worker is gone, look at all again.
      target().file->claim(row(taken.front()), true);
      target().file->release(row(taken.front()));
      for (const std::size_t position : taken)
        if (!find(position)) left.push_back(position);
    }
    return taps_;
  }

  bool lost() const { return lost_; }

 private:
  /// Images that are computed together.
  struct Batch {
    std::vector<std::size_t> positions;
    at::Tensor x;          ///< what they go on from, each image in its own row
    std::size_t from = 0;  ///< the layer that x is for
    std::vector<std::pair<const Cut*, at::Tensor>> given;
  };

  const Cut& target() const { return cuts_.back(); }
  std::int64_t row(std::size_t position) const { return originals_[position]; }

  bool find(std::size_t position) {
    if (!target().file) return false;
    const auto kept = target().file->find(row(position));
    if (!kept.empty()) taps_->set(position, kept.data());
    return !kept.empty();
  }

  /// Computes those of `left` that nobody else is at; gives the others.
  std::vector<std::size_t> compute_unclaimed(std::vector<std::size_t> left) {
    std::vector<std::size_t> taken;
    std::vector<std::vector<std::size_t>> queues{std::size_t(kBatch)};
    for (auto position = left.rbegin(); position != left.rend(); ++position)
      queues[std::size_t(row(*position) % kBatch)].push_back(*position);
    for (;;) {
      std::vector<Batch> batches;
      while (batches.size() < std::size_t(threads_)) {
        Batch batch{claimed(queues, taken), {}, 0, {}};
        if (batch.positions.empty()) break;
        batches.push_back(std::move(batch));
      }
      if (batches.empty()) return taken;
      compute(batches);
      for (const Batch& batch : batches)
        for (const std::size_t position : batch.positions) release(position);
    }
  }

  /// One of each queue, where there is one that nobody else is at; those that somebody is at are `taken`.
  std::vector<std::size_t> claimed(std::vector<std::vector<std::size_t>>& queues, std::vector<std::size_t>& taken) {
    std::vector<std::size_t> batch;
    for (auto& queue : queues)
      for (bool found = false; !found && !queue.empty(); queue.pop_back()) {
        const std::size_t position = queue.back();
        if (!claim(position))
          taken.push_back(position);
        else if (find(position))
          release(position);  // it was done meanwhile
        else
          found = (batch.push_back(position), true);
      }
    return batch;
  }

  bool claim(std::size_t position) { return !target().file || target().file->claim(row(position), false); }
  void release(std::size_t position) {
    if (target().file) target().file->release(row(position));
  }

  /// Each batch on one thread, so that its bits do not depend on how many there are.
  void compute(std::vector<Batch>& batches) {
    for (Batch& batch : batches) std::tie(batch.x, batch.from) = begin(batch.positions);
    if (threads_ > 1) set_threads(1);
    each_in_parallel(
        batches.size(),
        [&](std::size_t i) {
          const at::NoGradGuard no_grad;
          if (threads_ > 1) at::set_num_threads(1);  // of this thread
          forward(batches[i]);
        },
        batches.size());
    if (threads_ > 1) set_threads(threads_);
    for (const Batch& batch : batches)
      for (const auto& [cut, taps] : batch.given) keep(*cut, taps, batch.positions);
  }

  void forward(Batch& batch) const {
    at::Tensor x = batch.x;
    for (const Cut& cut : cuts_) {
      if (cut.layers <= batch.from) continue;
      x = in_order(prefix_.model_.features(x, cut.layers, batch.from));
      batch.from = cut.layers;
      batch.given.emplace_back(&cut, x);
    }
  }

  void keep(const Cut& cut, const at::Tensor& taps, const std::vector<std::size_t>& positions) {
    const bool last = &cut == &target();
    const auto bytes = std::size_t(taps[0].numel()) * 4;
    for (const std::size_t position : positions) {
      const auto* data =
          static_cast<const std::uint8_t*>(taps.data_ptr()) + std::size_t(row(position) % kBatch) * bytes;
      const bool there = cut.file && !last && !cut.file->find(row(position)).empty();
      const bool put = cut.file && !there && cut.file->put(row(position), {data, bytes});
      if (!last) continue;
      lost_ = lost_ || (cut.file && !put);
      if (!put || !find(position)) taps_->copy(position, data);
    }
  }

  /// What the batch goes on from, each image in its own row, and after which layer that is: the last of the cuts that
  /// has all of them, else the images.
  std::pair<at::Tensor, std::size_t> begin(const std::vector<std::size_t>& batch) const {
    for (auto cut = cuts_.rbegin() + 1; cut != cuts_.rend(); ++cut) {
      const auto there = [&](std::size_t position) { return !cut->file->find(row(position)).empty(); };
      if (!std::all_of(batch.begin(), batch.end(), there)) continue;
      at::Tensor x = batch_of(kBatch, prefix_.shape(cut->layers, images_)).zero_();
      for (const std::size_t position : batch) {
        const auto kept = cut->file->find(row(position));
        std::memcpy(static_cast<std::uint8_t*>(x.data_ptr()) + std::size_t(row(position) % kBatch) * kept.size(),
                    kept.data(), kept.size());
      }
      return {x, cut->layers};
    }
    const std::vector<std::int64_t> positions(batch.begin(), batch.end());
    const at::Tensor inputs = images_.inputs(positions);
    std::vector<std::int64_t> sizes = inputs.sizes().vec();
    sizes[0] = kBatch;
    at::Tensor x = at::zeros(sizes);
    for (std::size_t i = 0; i < batch.size(); ++i)
      x.select(0, row(batch[i]) % kBatch).copy_(inputs.select(0, std::int64_t(i)));
    return {x, 0};
  }

  FrozenPrefix& prefix_;
  const Images& images_;
  std::vector<Cut> cuts_;
  std::vector<std::int64_t> originals_;
  std::shared_ptr<KeptTaps> taps_;
  bool lost_ = false;
  const int threads_ = at::get_num_threads();
};

FrozenPrefix::FrozenPrefix(const Model& model, std::size_t layers, TapsPlace place)
    : model_(model), layers_(layers), place_(std::move(place)) {}

std::string FrozenPrefix::feed(Images& images, bool again) {
  if (layers_ == 0 || images.size() == 0 || images.from() > 0) return "";
  const at::NoGradGuard no_grad;
  std::vector<Cut> cuts;
  bool lost = false;
  for (const std::int64_t layers : place_.order.cuts) {
    if (layers <= 0 || std::size_t(layers) > layers_) continue;
    if (auto file = open(std::size_t(layers), images))
      cuts.push_back({std::size_t(layers), std::move(file)});
    else
      lost = true;
  }
  const bool whole = !cuts.empty() && cuts.back().layers == layers_;
  const std::int64_t bytes = count_of(shape(layers_, images)) * 4 * std::int64_t(images.size());
  if (!whole && again && bytes <= kMostInMemory) cuts.push_back({layers_, nullptr});
  if (cuts.empty()) return "";
  // The files first, each image once among all workers; what is kept in memory then begins from them.
  const std::size_t last = cuts.back().layers;
  if (!cuts.back().file && cuts.size() > 1) {
    Filling files(*this, images, {cuts.begin(), cuts.end() - 1});
    files.run();
    lost = lost || files.lost();
  }
  Filling filling(*this, images, std::move(cuts));
  images.feed(filling.run(), last);
  lost = lost || filling.lost();
  return lost ? "taps could not be kept for others: there is no room for them" : "";
}

const std::string& FrozenPrefix::digest(std::size_t layers) {
  std::string& digest = digests_[layers];
  if (!digest.empty()) return digest;
  Sha256 hash;
  for (std::size_t l = 0; l < layers; ++l) {
    const Layer& layer = model_.backbone().layers()[l];
    const auto add = [&](const std::string& name, const at::Tensor& value) {
      const at::Tensor whole = value.contiguous();
      hash.add(fmt::format("{} {} [{}]\n", name, c10::toString(whole.scalar_type()), fmt::join(whole.sizes(), ", ")));
      hash.add(std::span(static_cast<const std::uint8_t*>(whole.data_ptr()), whole.nbytes()));
    };
    hash.add(layer.name + "\n");
    for (const NamedParameter& parameter : layer.module->parameters(layer.prefix)) add(parameter.name, parameter.value);
    for (const NamedBuffer& buffer : layer.module->buffers(layer.prefix)) add(buffer.name, buffer.value);
  }
  return digest = hash.hex();
}

const FrozenPrefix::Shape& FrozenPrefix::shape(std::size_t layers, const Images& images) {
  if (shapes_.empty()) {
    const std::vector<std::int64_t> first = {0};
    at::Tensor x = at::zeros(images.inputs(first).sizes());
    for (std::size_t l = 0; l < layers_; ++l) {
      x = model_.features(x, l + 1, l);
      shapes_.push_back(x.sizes().slice(1).vec());
    }
  }
  return shapes_[layers - 1];
}

std::shared_ptr<KeptRows> FrozenPrefix::open(std::size_t layers, const Images& images) {
  const KeptKey key{"taps", images.data().fingerprint,
                    fmt::format("{}\n{}\nlayers {} {}", images.key(), place_.made_with, layers, digest(layers)),
                    images.original_count(), count_of(shape(layers, images)) * 4};
  return place_.files->open(place_.order.folder, key, std::int64_t(images.size()), place_.order.max_bytes);
}

}  // namespace cambium
