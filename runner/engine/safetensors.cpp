#include "engine/safetensors.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cambium/error.h"
#include "cambium/files.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Kind {
  const char* name;
  at::ScalarType type;
};
constexpr Kind kKinds[] = {{"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
                           {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
                           {"U8", at::kByte},    {"BOOL", at::kBool}};

/// One tensor's place in the file, believed only after every check.
struct Piece {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::size_t begin = 0, end = 0;
};

class Reader {
 public:
  Reader(const fs::path& path, const std::vector<std::uint8_t>& bytes) : path_(path), bytes_(bytes) {}

  TensorFile read() {
    if (bytes_.size() < 8) fail("is too short for a safetensors file");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), 8);
    if (length > bytes_.size() - 8)
      fail(fmt::format("says that its header has {} bytes, and {} are there", length, bytes_.size() - 8));
    const Json header = Json::parse(bytes_.begin() + 8, bytes_.begin() + 8 + std::ptrdiff_t(length), nullptr, false);
    if (!header.is_object()) fail("has no JSON object for a header");
    TensorFile file;
    std::vector<Piece> pieces;
    data_ = 8 + std::size_t(length);
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__")
        for (const auto& [key, value] : entry.items())
          file.metadata[key] = value.is_string() ? value.get<std::string>() : value.dump();
      else
        pieces.push_back(piece(name, entry));
    }
    std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < pieces.size(); ++i)
      if (pieces[i].begin < pieces[i - 1].end)
        fail(fmt::format("lets tensors {} and {} overlap", pieces[i - 1].name, pieces[i].name));
    for (const Piece& p : pieces) {
      at::Tensor tensor = at::empty(p.shape, at::TensorOptions().dtype(p.type));
      if (p.end > p.begin) std::memcpy(tensor.data_ptr(), bytes_.data() + data_ + p.begin, p.end - p.begin);
      file.tensors[p.name] = tensor;
    }
    return file;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::Data, path_.string() + " " + what,
                "the file is damaged or no safetensors file; make or fetch it again");
  }

  Piece piece(const std::string& name, const Json& entry) const {
    Piece p;
    p.name = name;
    const Json dtype = entry.is_object() ? entry.value("dtype", Json()) : Json();
    const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) {
      return dtype.is_string() && dtype.get<std::string>() == k.name;
    });
    if (kind == std::end(kKinds)) fail(fmt::format("gives tensor {} a type that is unknown: {}", name, dtype.dump()));
    p.type = kind->type;
    const Json shape = entry.value("shape", Json()), offsets = entry.value("data_offsets", Json());
    const auto whole = [](const Json& json) {
      return json.is_number_unsigned() && json.get<std::uint64_t>() <= (std::uint64_t{1} << 48);
    };
    if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), whole))
      fail(fmt::format("gives tensor {} no shape", name));
    if (!offsets.is_array() || offsets.size() != 2 || !std::all_of(offsets.begin(), offsets.end(), whole))
      fail(fmt::format("gives tensor {} no offsets", name));
    // Strides come before size: a tensor with an extent of 0 must not have others that overflow.
    std::int64_t span = std::int64_t(c10::elementSize(p.type));
    for (const Json& extent : shape) {
      p.shape.push_back(extent.get<std::int64_t>());
      if (__builtin_mul_overflow(span, std::max<std::int64_t>(p.shape.back(), 1), &span))
        fail(fmt::format("gives tensor {} a size that cannot be", name));
    }
    const bool empty = std::find(p.shape.begin(), p.shape.end(), 0) != p.shape.end();
    const auto size = empty ? std::size_t{0} : std::size_t(span);
    p.begin = offsets[0];
    p.end = offsets[1];
    if (p.begin > p.end || p.end > bytes_.size() - data_) fail(fmt::format("puts tensor {} past its own end", name));
    if (p.end - p.begin != size)
      fail(fmt::format("gives tensor {} {} bytes, and its shape needs {}", name, p.end - p.begin, size));
    return p;
  }

  const fs::path& path_;
  const std::vector<std::uint8_t>& bytes_;
  std::size_t data_ = 0;
};

const char* kind_name(const at::Tensor& tensor, const std::string& name) {
  for (const Kind& kind : kKinds)
    if (kind.type == tensor.scalar_type()) return kind.name;
  throw Error(ErrorKind::Data, "tensor " + name + " has a type that safetensors does not know",
              "convert it to float32");
}

}  // namespace

std::string write_safetensors(const fs::path& path, const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::size_t offset = 0;
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : file.tensors) {
    tensors.push_back(tensor.detach().contiguous());
    const std::size_t size = tensors.back().nbytes();
    header[name] = {
        {"dtype", kind_name(tensor, name)}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, offset + size}}};
    offset += size;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  std::vector<std::uint8_t> bytes(8 + text.size() + offset);
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, text.data(), text.size());
  std::size_t at = 8 + text.size();
  for (const at::Tensor& tensor : tensors) {
    if (tensor.nbytes() > 0) std::memcpy(bytes.data() + at, tensor.data_ptr(), tensor.nbytes());
    at += tensor.nbytes();
  }
  write_file(path, bytes);
  return sha256(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

TensorFile read_safetensors(const fs::path& path, const std::string& expected) {
  const auto bytes = read_bytes(path);
  if (!expected.empty() &&
      sha256(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())) != expected)
    throw Error(ErrorKind::Data, path.string() + " is not the file that was written: its SHA-256 differs",
                "delete it, and the run that wrote it will be done again");
  return Reader(path, bytes).read();
}

}  // namespace cambium
