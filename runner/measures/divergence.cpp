#include "measures/divergence.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <limits>

#include "measures/linear_classifier.h"

namespace cambium::measures {
namespace {

at::Tensor learned(const at::Tensor& rows) { return rows.slice(0, 0, rows.size(0), 2); }
at::Tensor held_out(const at::Tensor& rows) { return rows.slice(0, 1, rows.size(0), 2); }

double error_of(const at::Tensor& logits, const at::Tensor& labels) {
  return logits.argmax(1).ne(labels).to(at::kDouble).mean().item<double>();
}

}  // namespace

Divergence proxy_a_distance(const at::Tensor& source, const at::Tensor& target) {
  const std::int64_t n = std::min(source.size(0), target.size(0));
  const at::Tensor s = source.narrow(0, 0, n), t = target.narrow(0, 0, n);
  const auto domains = [](const at::Tensor& a, const at::Tensor& b) {
    return at::cat({at::zeros({a.size(0)}, at::kLong), at::ones({b.size(0)}, at::kLong)});
  };
  const LinearClassifier classifier(at::cat({learned(s), learned(t)}), domains(learned(s), learned(t)), 2);
  Divergence result;
  result.error = error_of(classifier.logits(at::cat({held_out(s), held_out(t)})), domains(held_out(s), held_out(t)));
  result.distance = std::clamp(2 * (1 - 2 * result.error), 0.0, 2.0);
  return result;
}

JointError joint_error(const at::Tensor& source, const at::Tensor& source_labels, const at::Tensor& source_classes,
                       const at::Tensor& target, const at::Tensor& target_labels, const at::Tensor& target_classes) {
  const LinearClassifier head(at::cat({learned(source), learned(target)}),
                              at::cat({learned(source_labels), learned(target_labels)}), source_classes.size(0));
  const auto error = [&](const at::Tensor& rows, const at::Tensor& labels, const at::Tensor& own) {
    const at::Tensor logits =
        head.logits(held_out(rows)).masked_fill(own.logical_not(), -std::numeric_limits<double>::infinity());
    return error_of(logits, held_out(labels));
  };
  return {error(source, source_labels, source_classes), error(target, target_labels, target_classes)};
}

}  // namespace cambium::measures
