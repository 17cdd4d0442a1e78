#include "form.h"

#include <algorithm>
#include <optional>
#include <set>

namespace cambium::exported {
namespace {

/// Whether an operation that is given maps takes their channels to be last; nothing where it does not say.
std::optional<bool> says_last(const Operation& operation) {
  static const std::set<std::string> kFirst = {
      "conv2d",     "batch_norm",    "group_norm",          "instance_norm",
      "max_pool2d", "avg_pool2d",    "adaptive_avg_pool2d", "adaptive_max_pool2d",
      "prelu",      "pixel_shuffle", "pixel_unshuffle"};
  static const std::set<std::string> kLast = {"linear", "layer_norm", "rms_norm"};
  if (kFirst.count(operation.name)) return false;
  if (kLast.count(operation.name)) return true;
  const int dims = operation.find("dims"), dim = operation.find("dim");
  const int at = dims >= 0 ? dims : dim;
  if (at < 0 || !operation.arguments[std::size_t(at)].constant.isIntList()) return std::nullopt;
  auto list = operation.arguments[std::size_t(at)].constant.toIntVector();
  for (auto& one : list) one = one < 0 ? one + 4 : one;
  if (operation.name == "permute") {
    if (list == std::vector<std::int64_t>{0, 3, 1, 2}) return true;
    if (list == std::vector<std::int64_t>{0, 2, 3, 1}) return false;
  } else if (operation.name == "mean" || operation.name == "amax" || operation.name == "sum") {
    std::sort(list.begin(), list.end());
    if (list == std::vector<std::int64_t>{1, 2}) return true;
    if (list == std::vector<std::int64_t>{2, 3}) return false;
  }
  return std::nullopt;
}

}  // namespace

Form form_of(const Graph& graph, std::size_t place, ValueId value, bool to_head) {
  const std::size_t dimensions = graph.value(value).sizes.size();
  if (dimensions == 3 && to_head) return Form::Tokens;
  if (dimensions != 4) return Form::AsIs;
  std::set<ValueId> same = {value};
  for (std::size_t p = place; p < graph.path.size(); ++p) {
    const std::size_t operation = graph.path[p];
    const auto taken = graph.taken_by(operation);
    if (std::none_of(taken.begin(), taken.end(), [&](ValueId id) { return same.count(id) != 0; })) continue;
    if (const auto last = says_last(graph.operations[operation])) return *last ? Form::ChannelsLast : Form::AsIs;
    for (const Output& output : graph.operations[operation].outputs)
      for (const ValueId id : output.values)
        if (id != kNone && graph.value(id).sizes.size() == 4) same.insert(id);
  }
  return Form::AsIs;
}

at::Tensor to_form(Form form, const at::Tensor& x) {
  switch (form) {
    case Form::ChannelsLast:
      return x.permute({0, 3, 1, 2});
    case Form::Tokens:
      return x.transpose(1, 2).unsqueeze(-1);
    default:
      return x;
  }
}

at::Tensor from_form(Form form, const at::Tensor& x) {
  switch (form) {
    case Form::ChannelsLast:
      return x.permute({0, 2, 3, 1});
    case Form::Tokens:
      return x.squeeze(-1).transpose(1, 2);
    default:
      return x;
  }
}

}  // namespace cambium::exported
