#include "scripted_layer.h"

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include "cambium/error.h"
#include "parameter_start.h"

namespace cambium {

torch::jit::Module load_scripted(const std::string& path) { return torch::jit::load(path, at::kCPU); }

at::Tensor run_scripted(torch::jit::Module& module, const at::Tensor& x) {
  const torch::jit::GraphOptimizerEnabledGuard unoptimised(false);
  return module.forward({x}).toTensor();
}

ScriptedLayer::ScriptedLayer(torch::jit::Module module, bool flatten, ScriptedModules& seen)
    : module_(std::move(module)), flatten_(flatten) {
  adopt(module_, "", seen);
}

at::Tensor ScriptedLayer::forward(const at::Tensor& x) {
  set_mode(module_);
  const at::Tensor y = run_scripted(module_, x);
  return flatten_ ? y.flatten(1) : y;
}

void ScriptedLayer::set_mode(torch::jit::Module module) const {
  const bool on = module.hasattr("running_mean") ? statistics() : training();
  if (module.hasattr("training") && module.is_training() != on) module.setattr("training", on);
  for (const auto& child : module.named_children()) set_mode(child.value);
}

void ScriptedLayer::adopt(torch::jit::Module module, const std::string& prefix, ScriptedModules& seen) {
  if (!seen.insert(module._ivalue().get()).second)
    throw Error(ErrorKind::Plugin, "the scripted network uses " + prefix + " in two places",
                "a layer cannot share its parameters with another: script a network in which none does");
  const blocks::ParameterStart start = parameter_start(module);
  for (const auto& theirs : module.named_parameters(/*recurse=*/false)) {
    const std::string& name = theirs.name;
    const at::Tensor value = theirs.value;
    at::Tensor own = parameter(prefix + name, value.sizes().vec(), start.init(name, value), start.role(name));
    own.copy_(value);
    module.setattr(name, own);
  }
  for (const auto& theirs : module.named_buffers(/*recurse=*/false)) {
    const std::string& name = theirs.name;
    const at::Tensor value = theirs.value;
    const bool statistic = name == "running_mean" || name == "running_var" || name == "num_batches_tracked";
    at::Tensor own = statistic ? buffer(prefix + name, value.sizes().vec(), name == "running_var", value.scalar_type())
                               : buffer(prefix + name, value);
    own.copy_(value);
    module.setattr(name, own);
  }
  for (const auto& child : module.named_children()) adopt(child.value, prefix + child.name + ".", seen);
}

}  // namespace cambium
