#include "engine/train/head_training.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cambium/nn.h"

namespace cambium {
namespace {

std::vector<std::int64_t> all_of(const Images& images) {
  std::vector<std::int64_t> positions(images.size());
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

std::span<float> span_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return {};
  return {tensor.data_ptr<float>(), std::size_t(tensor.numel())};
}

HeadRule rule_of(const Params& settings) {
  HeadRule rule;
  const std::string& kind = settings.string("optimizer");
  rule.label_smoothing = settings.number("label_smoothing");
  if (kind == "lbfgs") return rule;
  if (kind == "sgd") {
    rule.momentum = settings.number("momentum");
    rule.nesterov = settings.boolean("nesterov");
    return rule;
  }
  rule.kind = kind == "adam" ? HeadRule::Kind::Adam : HeadRule::Kind::AdamW;
  rule.beta1 = settings.number("beta1");
  rule.beta2 = settings.number("beta2");
  rule.eps = settings.number("eps");
  return rule;
}

}  // namespace

bool trains_head_alone(const TransferPlan& plan, const Model& model, const Images& train, const Images& validation) {
  const std::size_t layers = model.layers();
  const auto is_fed = [&](const Images& images) { return images.size() == 0 || images.from() == layers; };
  return train.size() > 0 && is_fed(train) && is_fed(validation) && model.has_linear_head() && plan.source_share == 0 &&
         std::all_of(plan.phases.begin(), plan.phases.end(),
                     [](const Phase& phase) { return phase.head.trainable == Trainable::All; });
}

HeadTraining::HeadTraining(Model& model, const Params& train_settings, const Images& train, const Images& validation)
    : settings_(train_settings),
      rule_(rule_of(train_settings)),
      validation_(&validation),
      train_data_(fed(train)),
      validation_data_(fed(validation)) {
  const bool two_moments = rule_.kind != HeadRule::Kind::Sgd;
  for (auto& [name, value] : model.state(model.layers())) {
    Learned& learned = value.dim() == 2 ? weight_ : bias_;
    learned = {name, value, at::zeros_like(value), two_moments ? at::zeros_like(value) : at::Tensor()};
  }
}

HeadTraining::Fed HeadTraining::fed(const Images& images) {
  if (images.size() == 0) return {};
  const auto positions = all_of(images);
  return {images.inputs(positions).contiguous(), images.labels(positions)};
}

LabelledRows HeadTraining::Fed::rows() const {
  const std::int64_t width = features.size(1);
  return {{features.data_ptr<float>(), width, width, {}},
          {labels.data_ptr<std::int64_t>(), std::size_t(labels.numel())}};
}

LinearHead HeadTraining::head() {
  return {weight_.value.size(0), weight_.value.size(1), span_of(weight_.value), span_of(bias_.value)};
}

void HeadTraining::begin_phase(const LayerPlan& head) {
  plan_ = head;
  rule_.weight_decay = head.weight_decay.value_or(settings_.number("weight_decay"));
}

HeadScore HeadTraining::train(const std::vector<std::int64_t>& order, const std::vector<std::size_t>& bounds,
                              const Schedule& schedule, std::int64_t first) {
  const double rate = plan_.learning_rate.value_or(settings_.number("lr") * plan_.rate);
  std::vector<double> rates, momenta;
  for (std::int64_t step = first; step < first + std::int64_t(bounds.size()) - 1; ++step) {
    rates.push_back(rate * schedule.factor(step));
    if (const auto momentum = schedule.momentum(step)) momenta.push_back(*momentum);
  }
  HeadMoments moments{span_of(weight_.first), span_of(bias_.first), span_of(weight_.second), span_of(bias_.second),
                      steps_};
  const HeadScore score =
      trainer_.train_epoch(head(), moments, train_data_.rows(), {order, bounds, rates, momenta}, rule_);
  steps_ = moments.steps;
  return score;
}

LbfgsScore HeadTraining::fit() {
  std::vector<std::int64_t> all(std::size_t(train_data_.labels.numel()));
  std::iota(all.begin(), all.end(), 0);
  return fit_lbfgs(
      trainer_, head(), train_data_.rows(), all,
      {rule_.weight_decay, rule_.label_smoothing, settings_.integer("epochs"), settings_.number("tolerance")});
}

Score HeadTraining::evaluate(const Images& images) {
  if (images.size() == 0) return {std::nan(""), std::nan("")};
  const Fed other = &images == validation_ ? Fed() : fed(images);
  const Fed& data = &images == validation_ ? validation_data_ : other;
  const HeadScore score = trainer_.evaluate(head(), data.rows(), all_of(images));
  return {score.loss, double(score.right) / double(images.size())};
}

TensorMap HeadTraining::state() const {
  TensorMap state;
  for (const Learned* learned : {&weight_, &bias_}) {
    if (!learned->value.defined() || steps_ == 0) continue;
    if (rule_.kind != HeadRule::Kind::Sgd || rule_.momentum != 0) state[learned->name + "/first"] = learned->first;
    if (learned->second.defined()) state[learned->name + "/second"] = learned->second;
    state[learned->name + "/steps"] = at::full({}, double(steps_), at::TensorOptions().dtype(at::kDouble));
  }
  return state;
}

void HeadTraining::load_state(const TensorMap& state) {
  for (Learned* learned : {&weight_, &bias_}) {
    const auto load = [&](const char* key, at::Tensor& to) {
      if (const auto found = state.find(learned->name + key); found != state.end()) to.copy_(found->second);
    };
    if (!learned->value.defined()) continue;
    load("/first", learned->first);
    load("/second", learned->second);
    if (const auto found = state.find(learned->name + "/steps"); found != state.end())
      steps_ = std::int64_t(found->second.item<double>());
  }
}

}  // namespace cambium
