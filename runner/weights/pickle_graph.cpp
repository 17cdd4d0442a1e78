#include <fmt/format.h>

#include "weights/pickle.h"

namespace cambium {

using Kind = PickleValue::Kind;

PickleRef PickleGraph::find(PickleRef dict, std::string_view key) const {
  const auto& items = values[dict].items;
  for (std::size_t i = items.size(); i >= 2; i -= 2)
    if (values[items[i - 2]].kind == Kind::Text && values[items[i - 2]].text == key) return items[i - 1];
  return kNoValue;
}

std::string PickleGraph::name_of(PickleRef ref) const {
  if (ref != kNoValue && values[ref].kind == Kind::Object) ref = values[ref].callee;
  if (ref == kNoValue || values[ref].kind != Kind::Global) return {};
  return fmt::format("{}.{}", values[ref].module, values[ref].text);
}

}  // namespace cambium
