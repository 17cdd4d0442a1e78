#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "builtin/builtin.h"
#include "cambium/strategy.h"
#include "engine/model/facts.h"
#include "engine/model/model.h"
#include "support/temporary_folder.h"
#include "weights/torch/tensor_file.h"

/// Debian's PyTorch and torchvision beside Cambium's networks.
namespace cambium::test {

/// A Python that has `package`, or an empty string. CAMBIUM_PYTHON may name one that has more than Debian's.
inline std::string python_with(const std::string& package) {
  const std::string look =
      " -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec(\"" + package + "\") is None)' 2>/dev/null";
  const char* own = std::getenv("CAMBIUM_PYTHON");
  for (const std::string& program :
       {std::string("/usr/bin/python3"), std::string("python3"), std::string(own ? own : "")})
    if (!program.empty() && std::system((program + look).c_str()) == 0) return program;
  return {};
}

/// A Python that has torchvision, or an empty string.
inline const std::string& python() {
  static const std::string found = python_with("torchvision");
  return found;
}

/// One that has timm.
inline const std::string& timm_python() {
  static const std::string found = python_with("timm");
  return found;
}

#define NEEDS_PYTORCH() \
  if (python().empty()) GTEST_SKIP() << "python3-torchvision, the reference, is not installed"

/// The folder of what oracle.py answers, asked once for each question; a failed test if it fails.
inline const std::filesystem::path& oracle(const std::string& verb, const std::string& what = {},
                                           const std::string& with = python()) {
  static std::map<std::string, TemporaryFolder> answers;
  const auto [answer, fresh] = answers.try_emplace(verb + what);
  if (fresh) {
    const std::string command = with + " " CAMBIUM_SOURCE_DIR "/tests/networks/oracle.py " + verb + " " +
                                answer->second.path().string() + " " + what;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  return answer->second.path();
}

/// The tensors of a .pth file.
inline TensorMap tensors_of(const std::filesystem::path& path) {
  const auto folder = oracle("tensors", "'" + path.string() + "'");
  return read_weights(folder / (path.stem().string() + ".safetensors")).tensors;
}

inline std::unique_ptr<Backbone> make(const std::string& name, const ImageShape& image, const Values& values = {}) {
  return plugins().make_backbone({name, Params(values)}, image);
}

/// Everything from the source, the head too: what `evaluation` plans.
inline TransferPlan evaluation_of(const Backbone& backbone) {
  return checked_plan(*plugins().make_strategy({"evaluation", Params()}), network_facts(backbone, 0));
}

/// The network with `weights`, every one of them used and none missing, in eval mode.
inline Model loaded(std::unique_ptr<Backbone> backbone, const TensorMap& weights, std::int64_t classes) {
  const TransferPlan plan = evaluation_of(*backbone);
  Model model(std::move(backbone), classes);
  model.initialise(plan, &weights, 0);
  model.eval();
  return model;
}

/// The values that oracle.py's filled() gives a tensor of that name and shape.
at::Tensor filled(const std::string& name, const std::vector<std::int64_t>& shape);

}  // namespace cambium::test
