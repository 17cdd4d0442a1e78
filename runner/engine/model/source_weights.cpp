#include "engine/model/source_weights.h"

#include <fmt/format.h>

#include "engine/model/head_rows.h"
#include "weights/torch/tensor_file.h"

namespace cambium {
namespace {

/// Where a choice leads to other tensors than the file by itself: what it is, in words that do not depend on how it was
/// written.
std::string other_tensors(const Model& model, const TransferPlan& plan, const GivenTensors& given, const Fit& chosen) {
  const Fit plain = model.fit(plan, given);
  if (plain.faults.empty() && plain.from == chosen.from) return {};
  return fmt::format("key {} prefix {}\n", chosen.key, chosen.prefix);
}

std::string extents(const TensorExtents& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace

WeightsChoice choice_of(const WeightsRef& source) { return {source.key, source.prefix}; }

WeightsFit weights_fit(const Model& model, const TransferPlan& plan, const WeightsFile& file,
                       const WeightsChoice& choice) {
  const GivenTensors given = given_tensors(file.index());
  const Fit fit = model.fit(plan, given, choice);
  WeightsFit answer;
  answer.faults = fit.faults;
  answer.hint = fit.hint;
  answer.notes = fit.notes;
  if (!fit.faults.empty()) return answer;
  if (choice) answer.variant = other_tensors(model, plan, given, fit);
  const TensorMap own = model.state();
  for (const std::string& name : fit.taken) {
    const StoredTensor& tensor = file.index().tensors[fit.from.at(name)];
    if (const std::int64_t bad = file.not_finite(tensor); bad > 0)
      answer.faults.push_back(fmt::format("{} has {} NaN or infinite numbers of {}", tensor.name, bad, tensor.count()));
    // The same numbers in another shape are nothing to tell.
    if (fit.adapted.count(name) == 0 || tensor.count() == own.at(name).numel()) continue;
    const std::string how = fmt::format("{} to {}", extents(tensor.shape), extents(own.at(name).sizes().vec()));
    answer.adapted.push_back(fmt::format("{} is interpolated from {}, for images of another size", tensor.name, how));
    answer.variant += fmt::format("adapted {} {}\n", name, how);
  }
  if (!answer.faults.empty())
    answer.hint = "such a network answers nothing: take weights from before its training diverged";
  return answer;
}

TensorMap source_tensors(const Model& model, const TransferPlan& plan, const WeightsRef& source) {
  // Of a head for more classes, or for them in another order: only what names them has such rows, under our own names.
  if (!source.head_rows.empty())
    return with_head_rows(model.backbone(), read_weights(source.path, source.sha256).tensors, source.head_rows);
  return read_chosen(source.path, source.sha256, [&](const GivenTensors& given) {
    Fit fit = model.fit(plan, given, choice_of(source));
    must_fit(fit, plan);
    return fit;
  });
}

}  // namespace cambium
