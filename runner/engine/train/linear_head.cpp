#include "engine/train/linear_head.h"

#include <algorithm>
#include <cmath>

#include "engine/train/head_loops.h"

namespace cambium {
namespace {

using head_loops::kBlock;

constexpr std::int64_t kNear = 1 << 15;  ///< floats that a core keeps at hand: a quarter of a small second-level cache
constexpr std::int64_t kColumns = 1 << 9;  ///< of the gradient at once: eight rows of them fit the first level
constexpr std::size_t kEvaluated = 128;    ///< images at once

std::int64_t padded(std::int64_t width) { return (width + kBlock - 1) / kBlock * kBlock; }
std::size_t blocks_of(std::size_t count) { return (count + std::size_t(kBlock) - 1) / std::size_t(kBlock); }

/// Classes whose weights stay near while images go by.
std::int64_t classes_at_once(const LinearHead& head) {
  return std::clamp<std::int64_t>(kNear / padded(head.width) / 3 * 3, 3, std::max<std::int64_t>(head.classes, 3));
}

void update(const HeadRule& rule, double rate, double momentum, std::int64_t steps, std::int64_t count,
            const float* gradient, float* value, float* first, float* second) {
  const auto& loops = head_loops::loops();
  if (rule.kind == HeadRule::Kind::Sgd) {
    loops.sgd({float(rate), float(momentum), float(rule.weight_decay), rule.nesterov}, count, gradient, value, first);
    return;
  }
  const bool apart = rule.kind == HeadRule::Kind::AdamW;
  head_loops::AdamStep step;
  step.rate = float(rate / (1 - std::pow(momentum, double(steps))));
  step.shrink = apart ? float(1 - rate * rule.weight_decay) : 1;
  step.decay = apart ? 0 : float(rule.weight_decay);
  step.beta1 = float(momentum);
  step.rest1 = float(1 - momentum);
  step.beta2 = float(rule.beta2);
  step.rest2 = float(1 - rule.beta2);
  step.root = float(std::sqrt(1 - std::pow(rule.beta2, double(steps))));
  step.eps = float(rule.eps);
  loops.adam(step, count, gradient, value, first, second);
}

float* from(std::span<float> values, std::int64_t offset) { return values.empty() ? nullptr : values.data() + offset; }

}  // namespace

std::int64_t LinearHeadTrainer::live(std::size_t block) const {
  return std::min<std::int64_t>(kBlock, std::int64_t(count_) - std::int64_t(block) * kBlock);
}

float* LinearHeadTrainer::logits(const LinearHead& head, std::size_t block) {
  return logits_.data() + std::int64_t(block % kept_blocks_) * head.classes * kBlock;
}

/// Looks up the rows and labels of a batch. Rows are read where they lie, but for those whose width is no multiple
/// of 8.
void LinearHeadTrainer::choose(const LinearHead& head, const LabelledRows& data, std::span<const std::int64_t> batch) {
  const std::int64_t width = padded(head.width);
  count_ = batch.size();
  labels_.resize(count_);
  rows_.resize(blocks_of(count_) * std::size_t(kBlock));
  if (width != head.width) padded_rows_.resize(count_ * std::size_t(width));
  for (std::size_t i = 0; i < count_; ++i) {
    labels_[i] = data.labels[std::size_t(batch[i])];
    rows_[i] = data.features.at(batch[i]);
    if (width == head.width) continue;
    float* copy = padded_rows_.data() + std::int64_t(i) * width;
    std::fill(std::copy_n(rows_[i], head.width, copy), copy + width, 0.0F);
    rows_[i] = copy;
  }
  for (std::size_t i = count_; i < rows_.size(); ++i) rows_[i] = rows_[i / std::size_t(kBlock) * std::size_t(kBlock)];
}

/// The weights as they are now, with rows of a multiple of 8.
void LinearHeadTrainer::choose_weight(const LinearHead& head) {
  const std::int64_t width = padded(head.width);
  weight_ = head.weight.data();
  if (width == head.width) return;
  padded_weight_.resize(std::size_t(head.classes * width));
  for (std::int64_t c = 0; c < head.classes; ++c)
    std::copy_n(head.weight.data() + c * head.width, head.width, padded_weight_.data() + c * width);
  weight_ = padded_weight_.data();
}

void LinearHeadTrainer::keep_blocks(const LinearHead& head, std::size_t count) {
  kept_blocks_ = count;
  logits_.resize(std::max(logits_.size(), count * std::size_t(head.classes * kBlock)));
}

/// The summed loss of some blocks. Leaves the derivatives of `scale` times it in logits().
HeadScore LinearHeadTrainer::score(const LinearHead& head, std::size_t first_block, std::size_t last_block,
                                   double smoothing, float scale) {
  const auto& loops = head_loops::loops();
  const std::int64_t at_once = classes_at_once(head);
  const float* bias = head.bias.empty() ? nullptr : head.bias.data();
  for (std::int64_t c = 0; c < head.classes; c += at_once)
    for (std::size_t b = first_block; b < last_block; ++b)
      loops.logits({rows_.data() + b * std::size_t(kBlock), live(b)}, weight_, bias, padded(head.width), c,
                   std::min(c + at_once, head.classes), logits(head, b));
  HeadScore sum;
  for (std::size_t b = first_block; b < last_block; ++b) {
    const auto block = loops.softmax(live(b), labels_.data() + b * std::size_t(kBlock), head.classes, smoothing, scale,
                                     logits(head, b));
    sum.loss += block.loss;
    sum.right += block.right;
  }
  return sum;
}

/// Adds what some blocks give for the weights of classes [first, last), which gradient_ then holds.
void LinearHeadTrainer::add_gradient(const LinearHead& head, std::int64_t first, std::int64_t last,
                                     std::size_t first_block, std::size_t last_block) {
  const std::int64_t width = padded(head.width);
  for (std::int64_t f = 0; f < width; f += kColumns)
    for (std::size_t b = first_block; b < last_block; ++b)
      head_loops::loops().gradient({rows_.data() + b * std::size_t(kBlock), live(b)}, logits(head, b), width, first,
                                   last, f, std::min(f + kColumns, width), gradient_.data());
  if (head.bias.empty()) return;
  for (std::size_t b = first_block; b < last_block; ++b)
    for (std::int64_t c = first; c < last; ++c)
      for (std::int64_t r = 0; r < live(b); ++r) bias_gradient_[std::size_t(c)] += logits(head, b)[c * kBlock + r];
}

HeadScore LinearHeadTrainer::train_epoch(const LinearHead& head, HeadMoments& moments, const LabelledRows& data,
                                         const HeadEpoch& epoch, const HeadRule& rule) {
  const std::int64_t width = padded(head.width), at_once = std::min(classes_at_once(head), head.classes);
  const bool small = at_once == head.classes;  // then a block's rows are used up while they are near
  const double usual = rule.kind == HeadRule::Kind::Sgd ? rule.momentum : rule.beta1;
  gradient_.resize(std::size_t(at_once * width));
  bias_gradient_.resize(head.bias.size());
  HeadScore total;
  for (std::size_t step = 0; step + 1 < epoch.bounds.size(); ++step) {
    const auto batch = epoch.order.subspan(epoch.bounds[step], epoch.bounds[step + 1] - epoch.bounds[step]);
    choose(head, data, batch);
    choose_weight(head);
    const auto scale = float(1 / double(count_));
    keep_blocks(head, small ? 1 : blocks());
    std::fill(gradient_.begin(), gradient_.end(), 0.0F);
    std::fill(bias_gradient_.begin(), bias_gradient_.end(), 0.0F);
    HeadScore sum;
    for (std::size_t b = 0; b < blocks(); b += kept_blocks_) {
      const HeadScore part = score(head, b, b + kept_blocks_, rule.label_smoothing, scale);
      sum.loss += part.loss;
      sum.right += part.right;
      if (small) add_gradient(head, 0, head.classes, b, b + 1);
    }
    if (!std::isfinite(sum.loss)) return {sum.loss / double(count_), sum.right, std::int64_t(step)};
    total.loss += sum.loss;
    total.right += sum.right;
    ++moments.steps;
    const double momentum = epoch.momenta.empty() ? usual : epoch.momenta[step];
    const auto change = [&](std::int64_t count, const float* gradient, float* value, float* first, float* second) {
      update(rule, epoch.rates[step], momentum, moments.steps, count, gradient, value, first, second);
    };
    for (std::int64_t first = 0; first < head.classes; first += at_once) {
      const std::int64_t last = std::min(first + at_once, head.classes);
      if (!small) {
        std::fill(gradient_.begin(), gradient_.end(), 0.0F);
        add_gradient(head, first, last, 0, blocks());
      }
      for (std::int64_t c = first; c < last; ++c)
        change(head.width, gradient_.data() + (c - first) * width, head.weight.data() + c * head.width,
               from(moments.weight_first, c * head.width), from(moments.weight_second, c * head.width));
    }
    if (!head.bias.empty())
      change(head.classes, bias_gradient_.data(), head.bias.data(), from(moments.bias_first, 0),
             from(moments.bias_second, 0));
  }
  total.loss /= double(epoch.order.size());
  return total;
}

HeadScore LinearHeadTrainer::evaluate(const LinearHead& head, const LabelledRows& data,
                                      std::span<const std::int64_t> positions) {
  HeadScore total;
  choose_weight(head);
  for (std::size_t at = 0; at < positions.size(); at += kEvaluated) {
    choose(head, data, positions.subspan(at, std::min(kEvaluated, positions.size() - at)));
    keep_blocks(head, blocks());
    const HeadScore part = score(head, 0, blocks(), 0, 0);
    total.loss += part.loss;
    total.right += part.right;
  }
  total.loss /= double(positions.size());
  return total;
}

HeadScore LinearHeadTrainer::slope(const LinearHead& head, const LabelledRows& data,
                                   std::span<const std::int64_t> positions, double smoothing,
                                   std::vector<double>& gradient) {
  const std::int64_t width = padded(head.width), at_once = std::min(classes_at_once(head), head.classes);
  gradient.assign(head.weight.size() + head.bias.size(), 0);
  gradient_.resize(std::size_t(at_once * width));
  bias_gradient_.resize(head.bias.size());
  const auto scale = float(1 / double(positions.size()));
  HeadScore total;
  choose_weight(head);
  for (std::size_t at = 0; at < positions.size(); at += kEvaluated) {
    choose(head, data, positions.subspan(at, std::min(kEvaluated, positions.size() - at)));
    keep_blocks(head, blocks());
    const HeadScore part = score(head, 0, blocks(), smoothing, scale);
    total.loss += part.loss;
    total.right += part.right;
    std::fill(bias_gradient_.begin(), bias_gradient_.end(), 0.0F);
    for (std::int64_t first = 0; first < head.classes; first += at_once) {
      const std::int64_t last = std::min(first + at_once, head.classes);
      std::fill(gradient_.begin(), gradient_.end(), 0.0F);
      add_gradient(head, first, last, 0, blocks());
      for (std::int64_t c = first; c < last; ++c)
        for (std::int64_t f = 0; f < head.width; ++f)
          gradient[std::size_t(c * head.width + f)] += double(gradient_[std::size_t((c - first) * width + f)]);
    }
    for (std::size_t c = 0; c < head.bias.size(); ++c) gradient[head.weight.size() + c] += double(bias_gradient_[c]);
  }
  total.loss /= double(positions.size());
  return total;
}

}  // namespace cambium
