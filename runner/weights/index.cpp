#include "weights/index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "cambium/error.h"
#include "weights/source.h"

namespace cambium {
namespace {

struct Kind {
  const char* name;
  std::size_t size;
};
constexpr std::array<Kind, 10> kKinds = {{{"F64", 8},
                                          {"F32", 4},
                                          {"F16", 2},
                                          {"BF16", 2},
                                          {"I64", 8},
                                          {"I32", 4},
                                          {"I16", 2},
                                          {"I8", 1},
                                          {"U8", 1},
                                          {"BOOL", 1}}};

/// What a file that holds no weights seems to be instead, by its first bytes.
[[noreturn]] void refuse(const WeightsSource& source) {
  using namespace std::string_view_literals;
  struct Look {
    std::string_view begin;
    std::size_t at;
    const char *what, *hint;
  };
  static const Look kLooks[] = {
      {"version https://git-lfs"sv, 0, "is a Git LFS pointer, not the weights", "fetch the file itself: git lfs pull"},
      {"<"sv, 0, "is a web page, not the weights", "fetch the file again, from the address of the file itself"},
      {"\x1f\x8b"sv, 0, "is packed with gzip", "unpack it"},
      {"\x89HDF"sv, 0, "is an HDF5 file, as Keras writes it", "convert it to safetensors"},
      {"\x93NUMPY"sv, 0, "is a NumPy array", "save a dictionary of named tensors with torch.save or safetensors"},
      {"GGUF"sv, 0, "is a GGUF file", "convert it to safetensors"},
      {"ustar"sv, 257, "is a tar archive, perhaps of a PyTorch before 0.2", "load and save it with a newer PyTorch"},
      {"\x80"sv, 0, "is a Python pickle, and not one by torch.save",
       "save the network's state_dict() with torch.save or safetensors"},
  };
  for (const Look& look : kLooks)
    if (source.begins(look.begin, look.at)) source.fail(look.what, look.hint);
  source.fail(source.bytes.empty() ? "is empty" : "is no weights file that Cambium knows",
              "it reads what torch.save, torch.jit.save and torch.export.save write, and safetensors");
}

/// The old format begins with a pickle, of any protocol, of the number 0x1950a86a20f9469cfc6c.
bool is_legacy(const WeightsSource& source) {
  using namespace std::string_view_literals;
  constexpr std::size_t kMostBefore = 16;  // protocol and frame
  return source.begins("\x80"sv) &&
         source.text(0, std::min(source.bytes.size(), kMostBefore + 12))
                 .find("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv) != std::string_view::npos;
}

}  // namespace

std::size_t element_size(ElementType type) { return kKinds[std::size_t(type)].size; }
const char* to_string(ElementType type) { return kKinds[std::size_t(type)].name; }

const char* to_string(WeightsFormat format) {
  switch (format) {
    case WeightsFormat::Zip:
      return "a zip by torch.save";
    case WeightsFormat::Legacy:
      return "the old format of torch.save";
    case WeightsFormat::TorchScript:
      return "a TorchScript archive";
    case WeightsFormat::Safetensors:
      return "safetensors";
    case WeightsFormat::Exported:
      return "an archive by torch.export";
  }
  return "";
}

std::int64_t StoredTensor::count() const {
  std::int64_t count = 1;
  for (std::int64_t extent : shape) count *= extent;
  return count;
}

bool StoredTensor::contiguous() const {
  std::int64_t expected = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (shape[d] != 1 && strides[d] != expected) return false;
    expected *= std::max<std::int64_t>(shape[d], 1);
  }
  return true;
}

void copy_elements(const StoredTensor& tensor, const std::uint8_t* begin, std::uint8_t* out) {
  const std::size_t size = element_size(tensor.type);
  if (tensor.contiguous()) {
    if (tensor.count() > 0) std::memcpy(out, begin, std::size_t(tensor.count()) * size);
    return;
  }
  std::vector<std::int64_t> at(tensor.shape.size(), 0);
  std::int64_t offset = 0;
  for (std::int64_t left = tensor.count(); left > 0; --left) {
    std::memcpy(out, begin + std::size_t(offset) * size, size);
    out += size;
    for (std::size_t d = at.size(); d-- > 0;) {
      offset += tensor.strides[d];
      if (++at[d] < tensor.shape[d]) break;
      offset -= at[d] * tensor.strides[d];
      at[d] = 0;
    }
  }
}

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * std::max<std::int64_t>(shape[d], 1);
  return strides;
}

std::size_t extent_bytes(const WeightsSource& source, const StoredTensor& tensor) {
  constexpr std::int64_t kMost = std::int64_t{1} << 48;
  constexpr std::size_t kDimensions = 64;
  if (tensor.shape.size() > kDimensions || tensor.shape.size() != tensor.strides.size())
    source.fail(fmt::format("gives tensor {} {} extents and {} strides", tensor.name, tensor.shape.size(),
                            tensor.strides.size()));
  // Extents of 0 come last: a tensor that has one must not have others that overflow.
  std::int64_t count = 1, reach = 1;
  bool empty = false;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    const std::int64_t extent = tensor.shape[d], stride = tensor.strides[d];
    std::int64_t step = 0;
    if (extent < 0 || stride < 0)
      source.fail(
          fmt::format("gives tensor {} {}", tensor.name, extent < 0 ? "an extent below 0" : "a stride below 0"));
    empty = empty || extent == 0;
    if (__builtin_mul_overflow(count, std::max<std::int64_t>(extent, 1), &count) || count > kMost ||
        __builtin_mul_overflow(std::max<std::int64_t>(extent - 1, 0), stride, &step) ||
        __builtin_add_overflow(reach, step, &reach) || reach > kMost)
      source.fail(fmt::format("gives tensor {} a size that cannot be", tensor.name));
  }
  return empty ? 0 : std::size_t(reach) * element_size(tensor.type);
}

void must_not_unfold(const WeightsSource& source, const std::vector<StoredTensor>& tensors) {
  // Views may share bytes, or spread one over many elements; not without end.
  constexpr std::size_t kTimes = 8, kFree = std::size_t{1} << 20;
  std::size_t total = 0;
  for (const StoredTensor& tensor : tensors) {
    if (!tensor.unread.empty()) continue;
    total += std::size_t(tensor.count()) * element_size(tensor.type);
    if (total > kTimes * source.bytes.size() + kFree)
      source.fail(fmt::format("unfolds to far more than it holds: with tensor {}, to {} bytes out of {}", tensor.name,
                              total, source.bytes.size()));
  }
}

void WeightsSource::fail(const std::string& what, const std::string& hint) const {
  throw Error(ErrorKind::Data, path.string() + " " + what,
              hint.empty() ? "the file is damaged, or not what it seems; make or fetch it again" : hint);
}

WeightsIndex index_weights(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  using namespace std::string_view_literals;
  const WeightsSource source{path, bytes};
  WeightsIndex index;
  if (source.begins("PK\x03\x04"sv))
    index = index_zip(source);
  else if (is_legacy(source))
    index = index_legacy(source);
  else if (source.begins("{"sv, 8))
    index = index_safetensors(source);
  else
    refuse(source);
  index.files = {path};
  std::sort(index.tensors.begin(), index.tensors.end(),
            [](const auto& a, const auto& b) { return std::tie(a.place, a.name) < std::tie(b.place, b.name); });
  must_not_unfold(source, index.tensors);
  return index;
}

}  // namespace cambium
