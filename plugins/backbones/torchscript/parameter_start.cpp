#include "parameter_start.h"

namespace cambium {

blocks::ParameterStart parameter_start(const torch::jit::Module& module) {
  blocks::ParameterStart start;
  if (const auto& name = module.type()->name()) start.of_class = name->name();
  const auto is = [&](const char* part) { return start.of_class.find(part) != std::string::npos; };
  start.norm = module.hasattr("running_mean");
  for (const auto& parameter : module.named_parameters(/*recurse=*/false)) {
    const at::Tensor& value = parameter.value;
    // LayerNorm's may have the shape of a map; a layer that normalises its weights has a matrix.
    start.norm = start.norm || (is("Norm") && (value.dim() == 1 || is("LayerNorm")));
    if (parameter.name == "weight" && value.dim() > 1) start.fan_in = blocks::ParameterStart::fan_in_of(value);
  }
  return start;
}

}  // namespace cambium
