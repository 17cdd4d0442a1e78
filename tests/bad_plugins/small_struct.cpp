#include "cambium/plugin.h"

// Built when the handshake was shorter.
extern "C" __attribute__((visibility("default"))) const CambiumPluginV1* cambium_plugin() {
  static const CambiumPluginV1 plugin = {8, cambium::kApiVersion, nullptr, nullptr, nullptr, nullptr};
  return &plugin;
}
