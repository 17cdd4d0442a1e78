#include "cambium/plugin.h"

// Built against the headers of another time.
extern "C" __attribute__((visibility("default"))) const CambiumPluginV1* cambium_plugin() {
  static const CambiumPluginV1 plugin = {
      sizeof(CambiumPluginV1), cambium::kApiVersion + 1, CAMBIUM_ABI_TAG, "other_api", "1", nullptr};
  return &plugin;
}
