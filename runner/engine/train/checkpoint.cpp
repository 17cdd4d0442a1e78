#include "engine/train/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "cambium/error.h"
#include "cambium/files.h"
#include "weights/torch/tensor_file.h"

namespace cambium {
namespace {

void put(TensorMap& into, const std::string& prefix, const TensorMap& tensors) {
  for (const auto& [name, tensor] : tensors) into[prefix + name] = tensor;
}

TensorMap take(const TensorMap& from, const std::string& prefix) {
  TensorMap result;
  for (const auto& [name, tensor] : from)
    if (name.rfind(prefix, 0) == 0) result[name.substr(prefix.size())] = tensor;
  return result;
}

constexpr const char* kState = "cambium_checkpoint";
constexpr const char* kHash = "cambium_sha256";

/// Of everything in the file that counts.
std::string hash_of(const TensorFile& file) {
  Sha256 hash;
  hash.add(file.metadata.at(kState));
  for (const auto& [name, tensor] : file.tensors) {
    const at::Tensor whole = tensor.detach().contiguous();
    hash.add(fmt::format("\n{} {} [{}]\n", name, c10::toString(whole.scalar_type()), fmt::join(whole.sizes(), ", ")));
    hash.add(std::span(static_cast<const std::uint8_t*>(whole.data_ptr()), whole.nbytes()));
  }
  return hash.hex();
}

/// The names of what is not as it was, "CPU and BLAS"; empty: all is.
std::string changes(const MadeWith& before, const MadeWith& now) {
  std::vector<std::string> names;
  for (const auto& [name, what] : now)
    if (const auto found = before.find(name); found == before.end() || found->second != what) names.push_back(name);
  for (const auto& [name, what] : before)
    if (now.find(name) == now.end()) names.push_back(name);
  return fmt::format("{}", fmt::join(names, " and "));
}

}  // namespace

bool fits(const Checkpoint& checkpoint, const TensorMap& model) {
  const auto same = [&](const TensorMap& saved) {
    if (saved.size() != model.size()) return false;
    for (const auto& [name, tensor] : model)
      if (const auto found = saved.find(name); found == saved.end() || found->second.sizes() != tensor.sizes())
        return false;
    return true;
  };
  for (const auto& [key, tensor] : checkpoint.optimizer) {
    const auto found = model.find(key.substr(0, key.rfind('/')));
    if (found == model.end() || (tensor.dim() > 0 && tensor.sizes() != found->second.sizes())) return false;
  }
  return same(checkpoint.model) && (checkpoint.best.empty() || same(checkpoint.best));
}

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint, const MadeWith& made_with) {
  TensorFile file;
  put(file.tensors, "model/", checkpoint.model);
  put(file.tensors, "best/", checkpoint.best);
  put(file.tensors, "optimizer/", checkpoint.optimizer);
  file.metadata[kState] = nlohmann::json{
      {"cell", checkpoint.cell},
      {"epoch", checkpoint.epoch},
      {"seconds", checkpoint.seconds},
      {"best_epoch", checkpoint.best_epoch},
      {"best_accuracy", checkpoint.best_accuracy},
      {"history", checkpoint.history},
      {"made_with",
       made_with}}.dump();
  file.metadata[kHash] = hash_of(file);
  write_safetensors(path, file);
}

std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path, const std::string& cell,
                                          const MadeWith& made_with, std::string& note) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown)) return std::nullopt;
  try {
    const TensorFile file = read_safetensors(path);
    const auto hash = file.metadata.find(kHash);
    if (hash == file.metadata.end() || hash->second != hash_of(file)) {
      note = "the checkpoint is damaged, as its hash tells: begun anew";
      return std::nullopt;
    }
    const auto json = nlohmann::json::parse(file.metadata.at(kState));
    if (json.at("cell") != cell) {
      note = "the checkpoint belongs to another cell: begun anew";
      return std::nullopt;
    }
    if (const std::string changed = changes(json.at("made_with").get<MadeWith>(), made_with); !changed.empty()) {
      note =
          fmt::format("the checkpoint was made with another {}, and would lead to other numbers: begun anew", changed);
      return std::nullopt;
    }
    Checkpoint checkpoint;
    checkpoint.cell = cell;
    checkpoint.epoch = json.at("epoch");
    checkpoint.seconds = json.at("seconds");
    checkpoint.best_epoch = json.at("best_epoch");
    checkpoint.best_accuracy = json.at("best_accuracy");
    checkpoint.history = json.at("history").get<std::vector<std::string>>();
    checkpoint.model = take(file.tensors, "model/");
    checkpoint.best = take(file.tensors, "best/");
    checkpoint.optimizer = take(file.tensors, "optimizer/");
    return checkpoint;
  } catch (const std::exception& error) {
    note = std::string("the checkpoint cannot be read, begun anew: ") + error.what();
    return std::nullopt;
  }
}

}  // namespace cambium
