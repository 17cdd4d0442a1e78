#include "engine/train/source_mix.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cambium/random.h"
#include "engine/data/selection.h"

namespace cambium {
namespace {

/// No layer's prefix has a slash.
constexpr const char* kPrefix = "source/";

std::vector<std::int64_t> trained_on(const SealedDataset& data, const SourceData& source) {
  return select_images(data.labels(Split::Train), data.labels(Split::Validation).size(), data.info().classes,
                       source.settings, source.seed)
      .train;
}

}  // namespace

SourceMix::SourceMix(const SourceData& source, std::shared_ptr<const Dataset> dataset, const Model& model,
                     const TensorMap& weights, double share)
    : dataset_(std::move(dataset)),
      data_(*dataset_, source.settings),
      how_(preprocessing(source.settings, model.backbone().input(), data_.info().shape.channels)),
      train_(data_, Split::Train, trained_on(data_, source), how_),
      head_(model.backbone().make_head(std::int64_t(data_.info().classes.size()))),
      share_(share) {
  if (train_.size() == 0)
    throw Error(ErrorKind::Data, "the source was trained on no images, so none can be mixed in",
                "start from a stage that trains");
  at::NoGradGuard no_grad;
  for (NamedParameter& parameter : head_->parameters(model.backbone().head_name() + ".")) {
    const auto found = weights.find(parameter.name);
    if (found == weights.end() || found->second.sizes() != parameter.value.sizes())
      throw Error(
          ErrorKind::Data,
          fmt::format("the source's weights have no {} for {} classes", parameter.name, data_.info().classes.size()),
          "source images are mixed in under the source's own head: start from a stage that was trained on them");
    parameter.value.copy_(found->second);
  }
}

SourceMix::Batch SourceMix::next(std::size_t targets, std::uint64_t seed, std::int64_t epoch) {
  if (epoch != epoch_) {
    epoch_ = epoch;
    begin_round(0, seed);
  }
  const auto count = std::max<std::size_t>(1, std::size_t(std::llround(double(targets) * share_ / (1 - share_))));
  const auto classes = std::int64_t(data_.info().classes.size());
  std::vector<at::Tensor> inputs, labels;
  for (std::size_t left = count; left > 0;) {
    if (taken_ == order_.size()) begin_round(round_ + 1, seed);
    const std::size_t now = std::min(left, order_.size() - taken_);
    const std::span positions(order_.data() + taken_, now);
    inputs.push_back(train_.inputs(positions, round_seed(seed), epoch));
    labels.push_back(train_.targets(positions, round_seed(seed), epoch, classes));
    taken_ += now;
    left -= now;
  }
  return {at::cat(inputs), at::cat(labels)};
}

void SourceMix::begin_round(std::size_t round, std::uint64_t seed) {
  round_ = round;
  order_.resize(train_.size());
  std::iota(order_.begin(), order_.end(), 0);
  RandomStream(round_seed(seed), "source order", std::uint64_t(epoch_)).shuffle(order_);
  taken_ = 0;
}

std::uint64_t SourceMix::round_seed(std::uint64_t seed) const {
  return round_ == 0 ? seed : stream_seed(seed, "source round", round_);
}

ParameterGroup SourceMix::begin_phase(const LayerPlan& last, double weight_decay) {
  ParameterGroup group;
  group.rate = last.rate;
  group.learning_rate = last.learning_rate;
  group.weight_decay = last.weight_decay.value_or(weight_decay);
  for (NamedParameter& parameter : head_->parameters(kPrefix)) {
    parameter.value.requires_grad_(!last.frozen());
    if (!last.frozen()) group.parameters.emplace_back(parameter.name, parameter.value);
  }
  return group;
}

TensorMap SourceMix::state() const {
  TensorMap state;
  for (NamedParameter& parameter : head_->parameters(kPrefix)) state[parameter.name] = parameter.value;
  return state;
}

void SourceMix::load_state(const TensorMap& state) {
  at::NoGradGuard no_grad;
  for (auto& [name, tensor] : this->state()) at::Tensor(tensor).copy_(state.at(name));
}

std::optional<Score> SourceMix::test(Model& model) {
  data_.open();
  if (data_.labels(Split::Test).empty()) return std::nullopt;
  std::vector<std::int64_t> all(data_.labels(Split::Test).size());
  std::iota(all.begin(), all.end(), 0);
  model.eval();
  return evaluate(Images(data_, Split::Test, std::move(all), how_.plain()),
                  [&](const at::Tensor& x, std::size_t from) { return head(model.body(x, from)); });
}

}  // namespace cambium
