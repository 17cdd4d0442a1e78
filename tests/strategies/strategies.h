#pragma once

#include <memory>
#include <string>

#include "engine/tiny.h"
#include "plugins/registry.h"

namespace cambium::test {

/// The built-in plugins, loaded from the build's folder as the worker loads them.
inline const PluginRegistry& built_in() {
  static const PluginRegistry registry = PluginRegistry::load({});
  return registry;
}

inline std::unique_ptr<Strategy> make(const std::string& name, const Overrides& values = {}) {
  return built_in().make_strategy({name, Params(values)});
}

}  // namespace cambium::test
