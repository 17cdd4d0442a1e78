#include "weights/torch/tensor_file.h"

#include "cambium/error.h"
#include "weights/torch/stored_tensor.h"
#include "weights/weights_file.h"
#include "weights/write.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

void must_hash_to(const WeightsFile& file, const fs::path& path, const std::string& expected) {
  if (!expected.empty() && file.sha256() != expected)
    throw Error(ErrorKind::Data, path.string() + " has changed since: its SHA-256 is another",
                "put the file back as it was; if a run of Cambium wrote it, delete it, and the run will be done again");
}

TensorFile read(const WeightsFile& file, const fs::path& path, const std::string& expected) {
  must_hash_to(file, path, expected);
  TensorFile result;
  result.metadata = file.index().metadata;
  for (const StoredTensor& stored : file.index().tensors)
    if (stored.place == 0) result.tensors[stored.name] = tensor_of(stored, file.begin_of(stored), path);
  return result;
}

/// What is to be written; `kept` holds the numbers meanwhile.
std::vector<TensorBytes> bytes_of(const TensorMap& tensors, std::vector<at::Tensor>& kept) {
  std::vector<TensorBytes> result;
  for (const auto& [name, tensor] : tensors) {
    const auto kind = stored_type(tensor.scalar_type());
    if (!kind)
      throw Error(ErrorKind::Data, "tensor " + name + " has a type that weights files do not know",
                  "convert it to float32");
    kept.push_back(tensor.detach().contiguous());
    result.push_back({name,
                      *kind,
                      tensor.sizes().vec(),
                      {static_cast<const std::uint8_t*>(kept.back().data_ptr()), kept.back().nbytes()}});
  }
  return result;
}

}  // namespace

TensorFile read_weights(const fs::path& path, const std::string& sha256) {
  return read(WeightsFile(path), path, sha256);
}

TensorMap read_chosen(const fs::path& path, const std::string& sha256,
                      const std::function<Fit(const GivenTensors&)>& choose) {
  const WeightsFile file(path);
  must_hash_to(file, path, sha256);
  TensorMap result;
  for (const auto& [name, index] : choose(given_tensors(file.index())).from) {
    const StoredTensor& stored = file.index().tensors[index];
    result[name] = tensor_of(stored, file.begin_of(stored), path);
  }
  return result;
}

TensorFile read_safetensors(const fs::path& path, const std::string& sha256) {
  return read(WeightsFile::safetensors(path), path, sha256);
}

std::string write_safetensors(const fs::path& path, const TensorFile& file) {
  std::vector<at::Tensor> kept;
  return write_safetensors(path, bytes_of(file.tensors, kept), file.metadata);
}

std::string write_pth(const fs::path& path, const TensorMap& tensors) {
  std::vector<at::Tensor> kept;
  return write_pth(path, bytes_of(tensors, kept));
}

}  // namespace cambium
