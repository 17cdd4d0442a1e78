#include "weights/tensors.h"

#include <fmt/format.h>

#include <algorithm>

namespace cambium {
namespace {

using Kind = PickleValue::Kind;

struct TypeName {
  std::string_view storage, dtype;  ///< torch.FloatStorage, torch.float32
  ElementType type;
};
constexpr TypeName kTypes[] = {
    {"DoubleStorage", "float64", ElementType::F64}, {"FloatStorage", "float32", ElementType::F32},
    {"HalfStorage", "float16", ElementType::F16},   {"BFloat16Storage", "bfloat16", ElementType::BF16},
    {"LongStorage", "int64", ElementType::I64},     {"IntStorage", "int32", ElementType::I32},
    {"ShortStorage", "int16", ElementType::I16},    {"CharStorage", "int8", ElementType::I8},
    {"ByteStorage", "uint8", ElementType::U8},      {"BoolStorage", "bool", ElementType::Bool}};

constexpr std::size_t kMostKey = 256;  // letters of a storage's name

/// The tuple that an object was to be made with, or nothing.
const std::vector<PickleRef>* arguments_of(const PickleGraph& graph, PickleRef ref) {
  const PickleValue& value = graph[ref];
  if (value.kind != Kind::Object || value.arguments == kNoValue || graph[value.arguments].kind != Kind::Tuple)
    return nullptr;
  return &graph[value.arguments].items;
}

/// Through parameters and subclasses to the tensor itself, or kNoValue.
PickleRef bare_tensor(const PickleGraph& graph, PickleRef ref) {
  constexpr int kWrappings = 8;
  for (int depth = 0; depth < kWrappings; ++depth) {
    const auto* arguments = arguments_of(graph, ref);
    if (!arguments) return kNoValue;
    const std::string name = graph.name_of(ref);
    if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_tensor_v3" ||
        name == "torch._utils._rebuild_tensor")
      return ref;
    if ((name == "torch._utils._rebuild_parameter" || name == "torch._utils._rebuild_parameter_with_state") &&
        !arguments->empty())
      ref = arguments->front();
    else
      return kNoValue;
  }
  return kNoValue;
}

std::optional<std::vector<std::int64_t>> whole_numbers(const PickleGraph& graph, PickleRef ref) {
  std::vector<std::int64_t> numbers;
  if (graph.name_of(ref) == "torch.Size") {
    const auto* arguments = arguments_of(graph, ref);
    if (!arguments || arguments->size() != 1) return std::nullopt;
    ref = arguments->front();
  }
  constexpr std::size_t kDimensions = 64;
  if ((graph[ref].kind != Kind::Tuple && graph[ref].kind != Kind::List) || graph[ref].items.size() > kDimensions)
    return std::nullopt;
  for (PickleRef item : graph[ref].items) {
    if (graph[item].kind != Kind::Integer) return std::nullopt;
    numbers.push_back(graph[item].integer);
  }
  return numbers;
}

}  // namespace

std::optional<Storage> storage_of(const WeightsSource& source, const PickleGraph& graph, PickleRef id) {
  if (graph[id].kind != Kind::PersistentId) return std::nullopt;
  const PickleValue& tuple = graph[graph[id].arguments];
  if (tuple.kind != Kind::Tuple || tuple.items.size() < 5) return std::nullopt;
  const PickleValue &what = graph[tuple.items[0]], &type = graph[tuple.items[1]], &key = graph[tuple.items[2]],
                    &count = graph[tuple.items[4]];
  if (what.kind != Kind::Text || what.text != "storage" || type.kind != Kind::Global || key.kind != Kind::Text ||
      count.kind != Kind::Integer || key.text.size() > kMostKey)
    return std::nullopt;
  Storage storage;
  storage.key = key.text;
  storage.count = count.integer;
  storage.untyped = type.text == "UntypedStorage";
  const auto known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const TypeName& name) { return name.storage == type.text; });
  if (storage.untyped)
    storage.type = ElementType::U8;
  else if (known != std::end(kTypes))
    storage.type = known->type;
  else
    storage.unread = fmt::format("{}.{}", type.module, type.text);
  constexpr std::int64_t kMost = std::int64_t{1} << 48;
  if (storage.count < 0 || storage.count > kMost)
    source.fail(fmt::format("has a storage {} of {} numbers", storage.key, storage.count));
  return storage;
}

bool is_tensor(const PickleGraph& graph, PickleRef ref) { return bare_tensor(graph, ref) != kNoValue; }

StoredTensor read_tensor(const WeightsSource& source, const PickleGraph& graph, PickleRef ref, const std::string& name,
                         const Locate& locate) {
  const bool parameter = bare_tensor(graph, ref) != ref;
  ref = bare_tensor(graph, ref);
  const auto& arguments = *arguments_of(graph, ref);
  const auto damaged = [&] { source.fail(fmt::format("describes tensor {} as none can be", name)); };
  if (arguments.size() < 4 || graph[arguments[1]].kind != Kind::Integer) damaged();
  const auto shape = whole_numbers(graph, arguments[2]), strides = whole_numbers(graph, arguments[3]);
  auto storage = storage_of(source, graph, arguments[0]);
  if (!shape || !strides || !storage) damaged();
  StoredTensor tensor;
  tensor.name = name;
  tensor.type = storage->type;
  tensor.shape = *shape;
  tensor.strides = *strides;
  tensor.unread = storage->unread;
  tensor.learns = parameter || (arguments.size() > 4 && graph[arguments[4]].kind == Kind::Boolean &&
                                graph[arguments[4]].integer != 0);
  if (storage->untyped) {
    const std::string dtype = arguments.size() > 6 ? graph.name_of(arguments[6]) : "";
    const auto known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const TypeName& type) { return dtype == "torch." + std::string(type.dtype); });
    if (known == std::end(kTypes))
      tensor.unread = dtype.empty() ? "an unknown type" : dtype;
    else
      tensor.type = known->type;
  }
  const std::size_t needed = extent_bytes(source, tensor);
  if (!tensor.unread.empty()) return tensor;
  locate(*storage, arguments[0], name);
  const std::size_t there = storage->end - storage->begin;
  const std::int64_t offset = graph[arguments[1]].integer;
  const std::size_t size = element_size(tensor.type);
  if (offset < 0 || std::size_t(offset) > there / size || needed > there - std::size_t(offset) * size)
    source.fail(fmt::format("lets tensor {} reach past its storage {}: {} bytes from number {} on, of {} bytes", name,
                            storage->key, needed, offset, there));
  tensor.begin = storage->begin + std::size_t(offset) * size;
  return tensor;
}

}  // namespace cambium
