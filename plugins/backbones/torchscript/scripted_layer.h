#pragma once

#include <torch/csrc/jit/api/module.h>

#include <set>
#include <string>

#include "cambium/module.h"

namespace cambium {

torch::jit::Module load_scripted(const std::string& path);

/// What `module` gives for `x`, unoptimised: the same numbers at each call.
at::Tensor run_scripted(torch::jit::Module& module, const at::Tensor& x);

/// The scripted modules that layers were made of: none may be in two.
using ScriptedModules = std::set<const void*>;

/// A child of a scripted network. Its parameters and buffers are this module's own, under the archive's names and with
/// its values, until they are filled otherwise. parameter_start.h says what each is for and how it starts anew.
class ScriptedLayer : public Module {
 public:
  /// `flatten`: gives [N, everything else]. Throws Error{Plugin} for a module that is in `seen`.
  ScriptedLayer(torch::jit::Module module, bool flatten, ScriptedModules& seen);
  at::Tensor forward(const at::Tensor& x) override;

 private:
  void adopt(torch::jit::Module module, const std::string& prefix, ScriptedModules& seen);
  /// Each scripted module in train or eval mode, as this layer's two modes say.
  void set_mode(torch::jit::Module module) const;

  torch::jit::Module module_;
  bool flatten_;
};

}  // namespace cambium
