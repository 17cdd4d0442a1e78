#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace cambium {

/// The types of number that a weights file may hold.
enum class ElementType : std::uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };

std::size_t element_size(ElementType type);
/// As safetensors names them: "F32", "BOOL".
const char* to_string(ElementType type);

/// Where a tensor lies in its file, believed only after every check.
struct StoredTensor {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  ///< in elements, none below 0: a view may be turned, cut or spread
  std::size_t begin = 0;              ///< byte of its first element
  std::size_t file = 0;               ///< which of WeightsIndex::files
  std::size_t place = 0;              ///< which of WeightsIndex::places
  std::string unread;                 ///< its type of number where that is not read: it has no bytes then
  bool learns = false;                ///< as the file says: TorchScript tells parameters from buffers so

  std::int64_t count() const;  ///< of elements
  bool contiguous() const;
};

/// Copies the elements of a tensor whose first lies at `begin`, in order, to `out`.
void copy_elements(const StoredTensor& tensor, const std::uint8_t* begin, std::uint8_t* out);

enum class WeightsFormat { Zip, Legacy, TorchScript, Safetensors, Exported };
/// "a zip by torch.save", ... for messages.
const char* to_string(WeightsFormat format);

/// What a weights file holds, without the numbers.
struct WeightsIndex {
  WeightsFormat format = WeightsFormat::Safetensors;
  std::vector<std::filesystem::path> files;     ///< the file itself; of an index with shards, all shards
  std::vector<StoredTensor> tensors;            ///< in order of place and name
  std::vector<std::string> places = {""};       ///< keys of the dictionaries that they are in, the likeliest first
  std::map<std::string, std::string> metadata;  ///< of safetensors
  std::vector<std::string> opaque;              ///< what else the file holds and is left alone: "optimizer", "args"
};

/// Indexes the bytes of one file. Tells the format by content, never by name; executes nothing. Every size, offset and
/// overlap is checked before it is believed, and the tensors together are held to a small multiple of the file.
/// Throws Error{Data} naming `path` and the tensor.
WeightsIndex index_weights(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

}  // namespace cambium
