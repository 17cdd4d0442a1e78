#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cambium/files.h"
#include "weights/write.h"

namespace cambium {

std::string write_safetensors(const std::filesystem::path& path, const std::vector<TensorBytes>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  using Json = nlohmann::json;
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const TensorBytes& tensor : tensors) {
    const std::size_t end = offset + tensor.bytes.size();
    header[tensor.name] = {{"dtype", to_string(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  std::vector<std::uint8_t> bytes(8 + text.size());
  bytes.reserve(8 + text.size() + offset);
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, text.data(), text.size());
  for (const TensorBytes& tensor : tensors) bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
  write_file(path, bytes);
  return Sha256().add(bytes).hex();
}

}  // namespace cambium
