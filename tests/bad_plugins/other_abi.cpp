#include "cambium/plugin.h"

// Built against another LibTorch.
extern "C" __attribute__((visibility("default"))) const CambiumPluginV1* cambium_plugin() {
  static const CambiumPluginV1 plugin = {
      sizeof(CambiumPluginV1), cambium::kApiVersion, "torch-0.4-cxx11abi0-gxxabi1002", "other_abi", "1", nullptr};
  return &plugin;
}
