#include "engine/checkpoint.h"

#include <nlohmann/json.hpp>

#include "cambium/error.h"
#include "engine/torch_version.h"
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

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint, int threads) {
  TensorFile file;
  put(file.tensors, "model/", checkpoint.model);
  put(file.tensors, "best/", checkpoint.best);
  put(file.tensors, "optimizer/", checkpoint.optimizer);
  file.metadata["cambium_checkpoint"] = nlohmann::json{
      {"cell", checkpoint.cell},
      {"epoch", checkpoint.epoch},
      {"seconds", checkpoint.seconds},
      {"best_epoch", checkpoint.best_epoch},
      {"best_accuracy", checkpoint.best_accuracy},
      {"history", checkpoint.history},
      {"threads", threads},
      {"torch", kTorchVersion}}.dump();
  write_safetensors(path, file);
}

std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path, const std::string& cell, int threads,
                                          std::string& note) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown)) return std::nullopt;
  try {
    const TensorFile file = read_safetensors(path);
    const auto json = nlohmann::json::parse(file.metadata.at("cambium_checkpoint"));
    if (json.at("cell") != cell) {
      note = "the checkpoint belongs to another cell: begun anew";
      return std::nullopt;
    }
    if (json.at("threads") != threads || json.at("torch") != kTorchVersion) {
      note =
          "the checkpoint was made with another number of threads or another LibTorch, and would lead to other "
          "numbers: begun anew";
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
