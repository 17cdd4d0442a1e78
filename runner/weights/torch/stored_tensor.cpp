#include "weights/torch/stored_tensor.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>

#include "cambium/error.h"

namespace cambium {
namespace {

struct Kind {
  ElementType stored;
  at::ScalarType type;
};
constexpr std::array<Kind, 10> kKinds = {{{ElementType::F64, at::kDouble},
                                          {ElementType::F32, at::kFloat},
                                          {ElementType::F16, at::kHalf},
                                          {ElementType::BF16, at::kBFloat16},
                                          {ElementType::I64, at::kLong},
                                          {ElementType::I32, at::kInt},
                                          {ElementType::I16, at::kShort},
                                          {ElementType::I8, at::kChar},
                                          {ElementType::U8, at::kByte},
                                          {ElementType::Bool, at::kBool}}};

at::ScalarType type_of(ElementType stored) {
  return std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return kind.stored == stored; })->type;
}

}  // namespace

std::optional<ElementType> stored_type(at::ScalarType type) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& known) { return known.type == type; });
  return kind == kKinds.end() ? std::nullopt : std::optional(kind->stored);
}

at::Tensor tensor_of(const StoredTensor& stored, const std::uint8_t* bytes, const std::filesystem::path& path) {
  if (!stored.unread.empty())
    throw Error(
        ErrorKind::Data,
        path.string() + " keeps tensor " + stored.name + " as " + stored.unread + ", a type of number that is not read",
        "convert it to float32 before it is saved");
  at::Tensor tensor = at::empty(stored.shape, at::TensorOptions().dtype(type_of(stored.type)));
  copy_elements(stored, bytes, static_cast<std::uint8_t*>(tensor.data_ptr()));
  return tensor;
}

}  // namespace cambium
