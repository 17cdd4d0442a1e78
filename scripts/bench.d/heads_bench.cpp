#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "engine/data/batches.h"
#include "engine/train/linear_head.h"
#include "engine/train/optimizer.h"
#include "protocol/messages.h"
#include "protocol/settings.h"

/// Heads on features of ResNet-18's width, on one core: the head trainer, and autograd with Optimizer on the same
/// batches, which are gathered from a tensor. Both are timed by the processor's clock, in turn, three times.
///
///     heads_bench
using namespace cambium;

namespace {

constexpr std::int64_t kHeads = 64, kImages = 244, kWidth = 512, kClasses = 2, kEpochs = 100;
constexpr std::size_t kBatch = 32;
constexpr double kRate = 0.01, kMomentum = 0.9;

double seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

struct Data {
  at::Tensor features = at::randn({kImages, kWidth}), labels = at::randint(kClasses, {kImages}, at::kLong);
};

std::span<float> span_of(const at::Tensor& tensor) { return {tensor.data_ptr<float>(), std::size_t(tensor.numel())}; }

double by_head_trainer(const Data& data, std::int64_t heads) {
  LinearHeadTrainer trainer;
  HeadRule rule;
  rule.momentum = kMomentum;
  const auto bounds = batch_bounds(std::size_t(kImages), kBatch);
  const std::vector<double> rates(bounds.size() - 1, kRate);
  const LabelledRows rows{{data.features.data_ptr<float>(), kWidth, kWidth, {}},
                          {data.labels.data_ptr<std::int64_t>(), std::size_t(kImages)}};
  double loss = 0;
  for (std::int64_t h = 0; h < heads; ++h) {
    const at::Tensor weight = at::zeros({kClasses, kWidth}), bias = at::zeros({kClasses});
    const at::Tensor of_weight = at::zeros({kClasses, kWidth}), of_bias = at::zeros({kClasses});
    HeadMoments moments{span_of(of_weight), span_of(of_bias), {}, {}, 0};
    for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch)
      loss = trainer
                 .train_epoch({kClasses, kWidth, span_of(weight), span_of(bias)}, moments, rows,
                              {epoch_order(std::size_t(kImages), std::uint64_t(h), epoch), bounds, rates, {}}, rule)
                 .loss;
  }
  return loss;
}

double by_autograd(const Data& data, std::int64_t heads) {
  const auto bounds = batch_bounds(std::size_t(kImages), kBatch);
  double loss_sum = 0;
  for (std::int64_t h = 0; h < heads; ++h) {
    at::Tensor weight = at::zeros({kClasses, kWidth}).requires_grad_(), bias = at::zeros({kClasses}).requires_grad_();
    Optimizer optimizer(typed(Params({{"momentum", kMomentum}}), train_schema()));
    optimizer.set_groups({{{{"weight", weight}, {"bias", bias}}, 1, 0}});
    for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
      const at::Tensor order = at::tensor(epoch_order(std::size_t(kImages), std::uint64_t(h), epoch));
      loss_sum = 0;
      for (std::size_t s = 0; s + 1 < bounds.size(); ++s) {
        const auto count = std::int64_t(bounds[s + 1] - bounds[s]);
        const at::Tensor chosen = order.narrow(0, std::int64_t(bounds[s]), count);
        const at::Tensor loss = at::cross_entropy_loss(at::linear(data.features.index_select(0, chosen), weight, bias),
                                                       data.labels.index_select(0, chosen));
        loss_sum += loss.item<double>() * double(count) / double(kImages);
        optimizer.zero_grad();
        loss.backward();
        optimizer.step(kRate);
      }
    }
  }
  return loss_sum;
}

/// Seconds for all heads; the slower way is timed on some.
template <class Way>
std::pair<double, double> timed(const Way& way, const Data& data, std::int64_t heads) {
  const double start = seconds(), loss = way(data, heads);
  return {(seconds() - start) * double(kHeads) / double(heads), loss};
}

}  // namespace

int main() {
  at::set_num_threads(1);
  const Data data;
  for (int round = 0; round < 3; ++round) {
    const auto [own, own_loss] = timed(by_head_trainer, data, kHeads);
    const auto [other, other_loss] = timed(by_autograd, data, 4);
    fmt::print(
        "{} heads of {}x{}, {} epochs on {} images: {:.3f} s, by autograd {:.2f} s (scaled from 4): {:.1f} times\n",
        kHeads, kWidth, kClasses, kEpochs, kImages, own, other, other / own);
    fmt::print("  loss of the last head in its last epoch: {:.6f}, of the fourth by autograd: {:.6f}\n", own_loss,
               other_loss);
  }
}
