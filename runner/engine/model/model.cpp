#include "engine/model/model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <c10/util/accumulate.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cambium/error.h"
#include "cambium/nn.h"
#include "cambium/random.h"

namespace cambium {
namespace {

/// In the order of the indices, however `value` lies in memory.
void fill(at::Tensor& value, const Init& init, RandomStream stream) {
  const at::Tensor filled = value.is_contiguous() ? value : at::empty(value.sizes(), value.options());
  float* data = filled.data_ptr<float>();
  for (std::int64_t i = 0; i < value.numel(); ++i) {
    switch (init.kind) {
      case Init::Kind::Constant:
        data[i] = float(init.scale);
        break;
      case Init::Kind::Uniform:
        data[i] = float(stream.uniform(-init.scale, init.scale));
        break;
      case Init::Kind::Normal:
        data[i] = float(stream.normal() * init.scale);
        break;
    }
  }
  if (!filled.is_same(value)) value.copy_(filled);
}

RandomStream stream_of(const std::string& name, std::uint64_t seed) {
  return RandomStream(seed, "backbone", stream_seed(0, name));
}

/// What batch norm counts its steps with: files from before PyTorch 0.4.1 lack it, and nothing depends on it.
bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

/// The first part of a name, its number left open: "layer#" of "layer4.0.conv1.weight", "fc" of "fc.bias".
std::string family_of(const std::string& name) {
  std::string first = name.substr(0, name.find('.'));
  const std::size_t end = first.find_last_not_of("0123456789") + 1;
  return end == first.size() ? first : first.substr(0, end) + "#";
}

/// What a plan says of a layer, or of the head after the last.
Weights weights_of(const TransferPlan& plan, std::size_t layer) {
  return layer < plan.weights.size() ? plan.weights[layer] : plan.head;
}

/// Maps with the channels last, [N, H, W, C] in memory, which convolutions are fastest with. A single channel is last
/// and first, and is told from the strides alone.
at::Tensor laid_out(const at::Tensor& x) {
  if (x.dim() != 4) return x;
  const at::Tensor y = x.contiguous(at::MemoryFormat::ChannelsLast);
  const std::int64_t height = y.size(2), width = y.size(3);
  return y.size(1) == 1 ? y.as_strided(y.sizes(), {height * width, 1, width, 1}) : y;
}

}  // namespace

Model::Model(std::unique_ptr<Backbone> backbone, std::int64_t classes, Precision precision)
    : backbone_(std::move(backbone)), precision_(precision) {
  const auto width = backbone_->feature_width();
  if (layers() == 0 || width <= 0)
    throw Error(ErrorKind::Plugin, "the backbone has no layers or states no feature width",
                "call add_layer() and set_feature_width() in its constructor");
  head_ = backbone_->make_head(classes);
  phase_.assign(layers() + 1, LayerPlan{});
  frozen_.assign(layers() + 1, false);
  std::set<std::string> names;
  const auto once = [&](const std::string& name) {
    if (!names.insert(name).second)
      throw Error(ErrorKind::Plugin, "the backbone has two tensors called " + name,
                  "give its layers prefixes of their own: a fault of the plugin");
  };
  for (std::size_t l = 0; l <= layers(); ++l) {
    for (const NamedParameter& parameter : parameters_of(l)) once(parameter.name);
    for (const NamedBuffer& buffer : buffers_of(l)) once(buffer.name);
  }
}

Module& Model::module(std::size_t layer) const {
  return layer < layers() ? *backbone_->layers()[layer].module : *head_;
}

std::string Model::prefix(std::size_t layer) const {
  return layer < layers() ? backbone_->layers()[layer].prefix : backbone_->head_name() + ".";
}

std::vector<NamedParameter> Model::parameters_of(std::size_t layer) const {
  return module(layer).parameters(prefix(layer));
}

std::vector<NamedBuffer> Model::buffers_of(std::size_t layer) const { return module(layer).buffers(prefix(layer)); }

/// Whether a source's tensor that the network does not know may stand beside the others: where it belongs to a layer or
/// head that is not taken over, or to none. What begins as a tensor taken over does, or goes on in a row of such
/// ("layer5" after "layer4"), belongs to those: `families` are their beginnings.
bool Model::is_left_out(const std::string& name, const TransferPlan& plan,
                        const std::set<std::string>& families) const {
  bool all_taken = true, left_out = false;
  std::size_t longest = 0;
  for (std::size_t l = 0; l <= layers(); ++l) {
    const bool taken = weights_of(plan, l) != Weights::Fresh;
    const std::string start = prefix(l);
    if (l < layers()) all_taken = all_taken && taken;
    if (start.size() < longest || start.empty() || name.rfind(start, 0) != 0) continue;
    left_out = !taken && (left_out || start.size() > longest);
    longest = start.size();
  }
  return longest > 0 ? left_out : !all_taken || families.count(family_of(name)) == 0;
}

bool Model::adapts(const std::string& name, const TensorExtents& from, const TensorExtents& to) const {
  constexpr std::int64_t kMost = std::int64_t{1} << 26;
  std::int64_t count = 1;
  for (const std::int64_t extent : from)
    if (__builtin_mul_overflow(count, extent, &count)) return false;
  if (count > kMost && count != c10::multiply_integers(to)) return false;
  const at::Tensor made = backbone_->adapted(name, at::empty(from), to);
  return made.defined() && made.sizes() == at::IntArrayRef(to);
}

Fit Model::fit(const TransferPlan& plan, const GivenTensors& given, const WeightsChoice& choice) const {
  WantedNetwork wanted;
  std::map<std::string, TensorExtents> shapes;
  std::set<std::string> families;
  for (std::size_t l = 0; l <= layers(); ++l) {
    const Weights from = weights_of(plan, l);
    for (const NamedParameter& parameter : parameters_of(l)) {
      wanted.tensors.push_back({parameter.name, parameter.value.sizes().vec(), from != Weights::Fresh});
      if (from != Weights::Fresh) families.insert(family_of(parameter.name));
    }
    for (const NamedBuffer& buffer : buffers_of(l))
      wanted.tensors.push_back(
          {buffer.name, buffer.value.sizes().vec(), from == Weights::Source && !is_counter(buffer.name)});
  }
  for (const WantedTensor& want : wanted.tensors) shapes[want.name] = want.shape;
  wanted.own_name = [this](const std::string& name) { return backbone_->own_name(name); };
  wanted.left_alone = [&](const std::string& name) { return is_left_out(name, plan, families); };
  wanted.adapts = [&](const std::string& name, const TensorExtents& from) {
    return adapts(name, from, shapes.at(name));
  };
  return fit_tensors(wanted, given, choice);
}

void Model::initialise(const TransferPlan& plan, const TensorMap* source, std::uint64_t seed, std::size_t from) {
  at::NoGradGuard no_grad;
  GivenTensors given;
  if (source)
    for (const auto& [name, tensor] : *source) given.tensors.push_back({name, tensor.sizes().vec()});
  const Fit fit = this->fit(plan, given);
  must_fit(fit, plan);
  const auto from_source = [&](const std::string& name, const at::Tensor& own) {
    const auto found = fit.from.find(name);
    if (found == fit.from.end()) return at::Tensor();
    const at::Tensor& theirs = source->at(given.tensors[found->second].name);
    return theirs.sizes() == own.sizes() ? theirs : backbone_->adapted(name, theirs, own.sizes().vec());
  };
  // One stream for the head: the same head in every arm of a seed, whatever the layers below.
  RandomStream heads(seed, "head");
  for (std::size_t l = from; l <= layers(); ++l) {
    const Weights weights = weights_of(plan, l);
    for (NamedParameter& parameter : parameters_of(l)) {
      const RandomStream stream = l < layers() ? stream_of(parameter.name, seed) : RandomStream(heads.next(), "head");
      if (weights == Weights::Fresh) {
        fill(parameter.value, parameter.init, stream);
      } else if (const at::Tensor theirs = from_source(parameter.name, parameter.value); theirs.defined()) {
        if (weights == Weights::Source) {
          parameter.value.copy_(theirs);
        } else {
          const at::Tensor values = theirs.to(at::kDouble);
          fill(parameter.value, Init::normal(values.std(false).item<double>()), stream);
          parameter.value.add_(values.mean().item<double>());
        }
      }
    }
    for (NamedBuffer& buffer : buffers_of(l)) {
      const at::Tensor theirs = weights == Weights::Source ? from_source(buffer.name, buffer.value) : at::Tensor();
      if (theirs.defined())
        buffer.value.copy_(theirs);
      else if (buffer.initial)
        buffer.value.fill_(*buffer.initial);
    }
  }
}

bool Model::learns(const NamedParameter& parameter, const LayerPlan& plan) {
  switch (plan.trainable) {
    case Trainable::None:
      return false;
    case Trainable::All:
      return true;
    case Trainable::Norm:
      return parameter.role == Role::Norm || parameter.role == Role::NormBias;
    case Trainable::Bias:
      return parameter.role == Role::Bias || parameter.role == Role::NormBias;
  }
  return false;
}

/// A layer is frozen if it is declared so, or if it is to learn norms or biases and has none.
///
/// A layer that learns in part is not frozen: it runs in train mode as a whole, and its norms' running statistics
/// follow. What flows into them moves, since something of the layer learns (its biases, or the norms themselves), so
/// statistics held still would belong to a network that no longer is. A layer without parameters, as dropout, goes by
/// its declaration alone.
bool Model::frozen(std::size_t layer, const LayerPlan& plan) const {
  if (plan.frozen()) return true;
  const auto parameters = parameters_of(layer);
  return !parameters.empty() &&
         std::none_of(parameters.begin(), parameters.end(), [&](const auto& p) { return learns(p, plan); });
}

void Model::begin_phase(const Phase& phase) {
  phase_ = phase.layers;
  phase_.push_back(phase.head);
  for (std::size_t l = 0; l <= layers(); ++l) frozen_[l] = frozen(l, phase_[l]);
  for (std::size_t l = 0; l <= layers(); ++l)
    for (NamedParameter& parameter : parameters_of(l)) {
      const bool learning = learns(parameter, phase_[l]);
      if (!learning) parameter.value.mutable_grad() = at::Tensor();
      parameter.value.requires_grad_(learning);
    }
  if (training_) train();
}

std::vector<ParameterGroup> Model::groups(const Phase& phase, double weight_decay) const {
  std::vector<ParameterGroup> groups;
  for (std::size_t l = 0; l <= layers(); ++l) {
    const LayerPlan& plan = l < layers() ? phase.layers[l] : phase.head;
    ParameterGroup group;
    group.rate = plan.rate;
    group.learning_rate = plan.learning_rate;
    group.weight_decay = plan.weight_decay.value_or(weight_decay);
    for (NamedParameter& parameter : parameters_of(l))
      if (learns(parameter, plan)) group.parameters.emplace_back(parameter.name, parameter.value);
    if (!group.parameters.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

void Model::train() {
  training_ = true;
  for (std::size_t l = 0; l <= layers(); ++l)
    module(l).train(!frozen_[l] || phase_[l].frozen_mode == FrozenMode::Train, !frozen_[l]);
}

void Model::eval() {
  training_ = false;
  for (std::size_t l = 0; l <= layers(); ++l) module(l).train(false);
}

at::Tensor Model::forward(const at::Tensor& x, std::size_t from) { return head(body(x, from)); }

at::Tensor Model::head(const at::Tensor& features) {
  const PrecisionGuard guard(precision_);
  return run(layers(), features).to(at::kFloat);
}

at::Tensor Model::features(const at::Tensor& x, std::size_t to, std::size_t from) const {
  const PrecisionGuard guard(precision_);
  return backbone_->forward(laid_out(x), from, to).to(at::kFloat);
}

at::Tensor Model::body(const at::Tensor& x, std::size_t from) {
  const PrecisionGuard guard(precision_);
  at::Tensor y = laid_out(x);
  std::size_t l = from;
  {
    // Nothing below the first layer that learns needs gradients.
    const at::NoGradGuard no_grad;
    for (; l < layers() && frozen_[l]; ++l) y = run(l, y);
  }
  for (; l < layers(); ++l) y = run(l, y);
  return y.to(at::kFloat);
}

at::Tensor Model::run(std::size_t layer, const at::Tensor& x) {
  // Somebody's own norm, that does not keep to the two modes, would move its running statistics.
  const bool hold = training_ && module(layer).training() && frozen_[layer];
  std::vector<std::pair<at::Tensor, at::Tensor>> held;
  if (hold)
    for (NamedBuffer& buffer : module(layer).buffers()) held.emplace_back(buffer.value, buffer.value.clone());
  const at::Tensor y = module(layer).forward(x);
  // Put back behind autograd's back: batch norm has kept the running statistics for its backward, which in train mode
  // does not read them.
  for (auto& [buffer, before] : held) buffer.variable_data().copy_(before);
  return y;
}

TensorMap Model::state(std::size_t from) const {
  TensorMap state;
  for (std::size_t l = from; l <= layers(); ++l) {
    for (NamedParameter& parameter : parameters_of(l)) state[parameter.name] = parameter.value;
    for (NamedBuffer& buffer : buffers_of(l)) state[buffer.name] = buffer.value;
  }
  return state;
}

void Model::load_state(const TensorMap& state, std::size_t from) {
  at::NoGradGuard no_grad;
  for (auto& [name, tensor] : this->state(from)) {
    const auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != tensor.sizes())
      throw Error(ErrorKind::Data, fmt::format("the saved state has no fitting {}", name),
                  "it belongs to another network");
    at::Tensor(tensor).copy_(found->second);
  }
}

bool Model::has_linear_head() const { return dynamic_cast<const nn::Linear*>(head_.get()) != nullptr; }

TensorMap Model::learning() const {
  TensorMap result;
  for (std::size_t l = 0; l < layers(); ++l)
    for (NamedParameter& parameter : parameters_of(l))
      if (learns(parameter, phase_[l])) result[parameter.name] = parameter.value;
  return result;
}

std::int64_t Model::total_parameters() const {
  std::int64_t count = 0;
  for (std::size_t l = 0; l <= layers(); ++l)
    for (const NamedParameter& parameter : parameters_of(l)) count += parameter.value.numel();
  return count;
}

std::int64_t Model::trainable_parameters(const TransferPlan& plan) const {
  std::int64_t count = 0;
  for (std::size_t l = 0; l <= layers(); ++l)
    for (const NamedParameter& parameter : parameters_of(l)) {
      const bool ever = std::any_of(plan.phases.begin(), plan.phases.end(), [&](const Phase& phase) {
        return learns(parameter, l < layers() ? phase.layers[l] : phase.head);
      });
      if (ever) count += parameter.value.numel();
    }
  return count;
}

void must_fit(const Fit& fit, const TransferPlan& plan) {
  if (fit.faults.empty()) return;
  std::string hint = fit.hint.empty() ? "start from weights of the same backbone with the same parameters" : fit.hint;
  if (plan.head != Weights::Fresh)
    hint += "; its head is taken over too, so the data must have as many classes as the source's";
  throw Error(ErrorKind::Data, fmt::format("the weights do not fit the network: {}", fault_text(fit.faults)), hint);
}

TensorMap copied(const TensorMap& tensors) {
  TensorMap result;
  for (const auto& [name, tensor] : tensors) result[name] = tensor.detach().clone();
  return result;
}

const Phase& phase_at(const TransferPlan& plan, std::int64_t epoch) {
  const Phase* phase = &plan.phases.front();
  for (const Phase& candidate : plan.phases)
    if (candidate.epoch <= epoch) phase = &candidate;
  return *phase;
}

at::Tensor pooled(const at::Tensor& x) { return x.dim() == 4 ? x.mean({2, 3}) : x; }

}  // namespace cambium
