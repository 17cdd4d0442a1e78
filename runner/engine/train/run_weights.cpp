#include "engine/train/run_weights.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "weights/torch/tensor_file.h"

namespace cambium {

nlohmann::json write_weights(const RunWeights& what, const std::string& kind, const TensorMap& state,
                             const Metrics& metrics) {
  const std::string path = what.job.weights_stem + "." + kind + ".safetensors";
  TensorFile file{state, {}};
  file.metadata["format"] = "pt";
  file.metadata["cambium"] = nlohmann::json{
      {"cell", what.job.cell},
      {"kind", kind},
      {"seed", what.job.seed},
      {"generation", what.job.generation},
      {"backbone", nlohmann::json(what.job.backbone)},
      {"dataset", what.job.data.plugin},
      {"fingerprint", what.data.fingerprint},
      {"classes", what.data.classes},
      {"mean", what.how.mean},
      {"std", what.how.std},
      {"interpolation", what.interpolation},
      {"input", {what.input.channels, what.input.height, what.input.width}},
      {"epochs", what.epochs},
      {"metrics",
       metrics_json(metrics)}}.dump();
  const std::string hash = write_safetensors(path, file);
  return {{"kind", kind}, {"path", path}, {"sha256", hash}, {"bytes", std::filesystem::file_size(path)}};
}

}  // namespace cambium
