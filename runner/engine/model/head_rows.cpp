#include "engine/model/head_rows.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cambium/error.h"

namespace cambium {
namespace {

/// The head's parameters that grow with the number of classes, and the dimension in which they do.
std::map<std::string, std::int64_t> by_class(const Backbone& backbone) {
  const std::string prefix = backbone.head_name() + ".";
  const auto few = backbone.make_head(2)->parameters(prefix), more = backbone.make_head(3)->parameters(prefix);
  std::map<std::string, std::int64_t> result;
  for (std::size_t i = 0; i < few.size() && i < more.size(); ++i)
    for (std::int64_t d = 0; d < few[i].value.dim(); ++d)
      if (few[i].value.size(d) != more[i].value.size(d)) result[few[i].name] = d;
  return result;
}

}  // namespace

TensorMap with_head_rows(const Backbone& backbone, TensorMap source, const std::vector<std::int64_t>& rows) {
  if (rows.empty()) return source;
  const std::int64_t outputs = *std::max_element(rows.begin(), rows.end()) + 1;
  const auto dimensions = by_class(backbone);
  for (auto& [name, tensor] : source) {
    auto found = dimensions.find(name);
    if (found == dimensions.end()) found = dimensions.find(backbone.own_name(name));
    if (found == dimensions.end()) continue;
    const std::int64_t dimension = found->second;
    if (tensor.dim() <= dimension || tensor.size(dimension) < outputs)
      throw Error(ErrorKind::Data,
                  fmt::format("the source's {} is made for {} classes, and it is said to tell {} or more apart", name,
                              tensor.dim() > dimension ? tensor.size(dimension) : 0, outputs),
                  "see that the classes in its card are those that it was trained on");
    tensor = tensor.index_select(dimension, at::tensor(rows, at::kLong));
  }
  return source;
}

}  // namespace cambium
