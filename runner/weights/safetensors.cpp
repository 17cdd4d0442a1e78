#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "weights/source.h"

namespace cambium {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostHeader = 100'000'000;  // as the format's own library has it
constexpr int kMostNesting = 8;
constexpr ElementType kTypes[] = {ElementType::F64, ElementType::F32, ElementType::F16, ElementType::BF16,
                                  ElementType::I64, ElementType::I32, ElementType::I16, ElementType::I8,
                                  ElementType::U8,  ElementType::Bool};

class SafetensorsReader {
 public:
  explicit SafetensorsReader(const WeightsSource& source) : source_(source) {}

  WeightsIndex read() {
    const std::size_t size = source_.bytes.size();
    if (size < 8) source_.fail("is too short for a safetensors file");
    const auto length = source_.number<std::uint64_t>(0);
    if (length > size - 8)
      source_.fail(fmt::format("says that its header has {} bytes, and {} are there", length, size - 8));
    if (length > kMostHeader) source_.fail(fmt::format("has a header of {} bytes", length));
    const std::string_view text = source_.text(8, std::size_t(length));
    const Json header = Json::parse(
        text.begin(), text.end(), [](int depth, Json::parse_event_t, Json&) { return depth <= kMostNesting; }, false);
    if (!header.is_object()) source_.fail("has no JSON object for a header");
    data_ = 8 + std::size_t(length);
    WeightsIndex index;
    index.format = WeightsFormat::Safetensors;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__")
        for (const auto& [key, value] : entry.items())
          index.metadata[key] = value.is_string() ? value.get<std::string>() : dump(value);
      else
        index.tensors.push_back(tensor(name, entry));
    }
    no_overlaps(index.tensors);
    return index;
  }

 private:
  /// "F8_E4M3 (8-bit floating point)".
  static std::string spelled(const std::string& type) {
    const std::string bits = type.substr(1, type.find('_') - 1);
    const bool number =
        !bits.empty() && std::all_of(bits.begin(), bits.end(), [](char c) { return c >= '0' && c <= '9'; });
    const char* kind = type.starts_with("F")   ? "floating point"
                       : type.starts_with("U") ? "unsigned integers"
                       : type.starts_with("I") ? "integers"
                       : type.starts_with("C") ? "complex numbers"
                                               : nullptr;
    return number && kind ? fmt::format("{} ({}-bit {})", type, bits, kind) : type;
  }
  static std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

  StoredTensor tensor(const std::string& name, const Json& entry) const {
    StoredTensor tensor;
    tensor.name = name;
    const Json dtype = entry.is_object() ? entry.value("dtype", Json()) : Json();
    const auto type = std::find_if(std::begin(kTypes), std::end(kTypes), [&](ElementType known) {
      return dtype.is_string() && dtype.get<std::string>() == to_string(known);
    });
    if (type != std::end(kTypes))
      tensor.type = *type;
    else if (dtype.is_string())
      tensor.unread = spelled(dtype.get<std::string>());
    else
      source_.fail(fmt::format("gives tensor {} no type", name));
    const Json shape = entry.value("shape", Json()), offsets = entry.value("data_offsets", Json());
    const auto whole = [](const Json& json) {
      return json.is_number_unsigned() && json.get<std::uint64_t>() <= (std::uint64_t{1} << 48);
    };
    if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), whole))
      source_.fail(fmt::format("gives tensor {} no shape", name));
    if (!offsets.is_array() || offsets.size() != 2 || !std::all_of(offsets.begin(), offsets.end(), whole))
      source_.fail(fmt::format("gives tensor {} no offsets", name));
    std::int64_t count = 1;
    for (const Json& extent : shape) {
      tensor.shape.push_back(extent.get<std::int64_t>());
      if (__builtin_mul_overflow(count, std::max<std::int64_t>(tensor.shape.back(), 1), &count))
        source_.fail(fmt::format("gives tensor {} a size that cannot be", name));
    }
    tensor.strides = contiguous_strides(tensor.shape);
    const std::size_t needed = extent_bytes(source_, tensor), begin = offsets[0], end = offsets[1];
    if (begin > end || end > source_.bytes.size() - data_)
      source_.fail(fmt::format("puts tensor {} past its own end", name));
    if (!tensor.unread.empty()) return tensor;
    if (end - begin != needed)
      source_.fail(fmt::format("gives tensor {} {} bytes, and its shape needs {}", name, end - begin, needed));
    tensor.begin = data_ + begin;
    return tensor;
  }

  void no_overlaps(const std::vector<StoredTensor>& tensors) const {
    std::vector<const StoredTensor*> order;
    for (const StoredTensor& tensor : tensors)
      if (tensor.unread.empty() && tensor.count() > 0) order.push_back(&tensor);
    std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->begin < b->begin; });
    for (std::size_t i = 1; i < order.size(); ++i)
      if (order[i]->begin < order[i - 1]->begin + extent_bytes(source_, *order[i - 1]))
        source_.fail(fmt::format("lets tensors {} and {} overlap", order[i - 1]->name, order[i]->name));
  }

  const WeightsSource& source_;
  std::size_t data_ = 0;
};

}  // namespace

WeightsIndex index_safetensors(const WeightsSource& source) { return SafetensorsReader(source).read(); }

}  // namespace cambium
