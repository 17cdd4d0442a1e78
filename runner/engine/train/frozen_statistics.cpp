#include "engine/train/frozen_statistics.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace cambium {
namespace {

/// A running mean or variance, and the sum of what the batches gave.
struct Statistic {
  at::Tensor running, sum;
};

bool is_statistic(const std::string& name) { return name.ends_with("running_mean") || name.ends_with("running_var"); }

/// How much of a batch goes into `running`: its module moves it to (1 - momentum) running + momentum batch. Found by
/// running a batch from 0 and from another value, since only the module knows it.
template <class Run>
std::vector<double> momenta(std::vector<Statistic>& statistics, const Run& run) {
  std::vector<at::Tensor> from_zero;
  for (Statistic& statistic : statistics) statistic.running.zero_();
  run();
  for (Statistic& statistic : statistics) from_zero.push_back(statistic.running.clone());
  std::vector<double> start;
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    start.push_back(std::max(1.0, from_zero[i].abs().max().item<double>()));
    statistics[i].running.fill_(start.back());
  }
  run();
  std::vector<double> result;
  for (std::size_t i = 0; i < statistics.size(); ++i)
    result.push_back(1 - (statistics[i].running - from_zero[i]).to(at::kDouble).mean().item<double>() / start[i]);
  return result;
}

}  // namespace

void fill_frozen_statistics(Model& model, const TransferPlan& plan, const Images& images) {
  const at::NoGradGuard no_grad;
  model.eval();
  std::vector<Statistic> statistics;
  std::size_t to = 0;
  for (std::size_t l = 0; l < model.layers(); ++l) {
    if (plan.weights[l] == Weights::Source || !plan.phases.front().layers[l].frozen()) continue;
    Module& layer = *model.backbone().layers()[l].module;
    for (const NamedBuffer& buffer : layer.buffers()) {
      if (!is_statistic(buffer.name)) continue;
      statistics.push_back({buffer.value, at::zeros_like(buffer.value, at::kDouble)});
      layer.train(false, true);
      to = l + 1;
    }
  }
  // Of a single image, batch norm on vectors has no variance.
  if (to > 0 && images.size() > 1) {
    const auto bounds = batch_bounds(images.size(), batch_of(images.shape()));
    const auto run = [&](std::size_t batch) {
      std::vector<std::int64_t> positions(bounds[batch + 1] - bounds[batch]);
      std::iota(positions.begin(), positions.end(), std::int64_t(bounds[batch]));
      model.features(images.inputs(positions), to);
    };
    const std::vector<double> momentum = momenta(statistics, [&] { run(0); });
    for (std::size_t batch = 0; batch + 1 < bounds.size(); ++batch) {
      for (Statistic& statistic : statistics) statistic.running.zero_();
      run(batch);
      const double share = double(bounds[batch + 1] - bounds[batch]) / double(images.size());
      for (Statistic& statistic : statistics) statistic.sum.add_(statistic.running, share);
    }
    for (std::size_t i = 0; i < statistics.size(); ++i)
      statistics[i].running.copy_(momentum[i] > 0 ? statistics[i].sum / momentum[i] : statistics[i].sum);
  }
  model.eval();
}

}  // namespace cambium
