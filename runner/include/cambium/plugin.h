#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cambium/backbone.h"
#include "cambium/dataset.h"
#include "cambium/error.h"
#include "cambium/schema.h"
#include "cambium/strategy.h"

namespace cambium {

/// A backbone is built for images of one shape. Paths among the parameters arrive resolved against the data root.
using BackboneFactory = std::function<std::unique_ptr<Backbone>(const Params&, const ImageShape&)>;
/// Paths likewise.
using DatasetFactory = std::function<std::unique_ptr<Dataset>(const Params&)>;
using StrategyFactory = std::function<std::unique_ptr<Strategy>(const Params&)>;

/// What a plugin library hands its plugins to. `doc` is one line.
class Registry {
 public:
  virtual ~Registry() = default;
  virtual void add_backbone(std::string name, std::string doc, Schema schema, BackboneFactory make) = 0;
  virtual void add_dataset(std::string name, std::string doc, Schema schema, DatasetFactory make) = 0;
  virtual void add_strategy(std::string name, std::string doc, Schema schema, StrategyFactory make) = 0;
};

/// Raised whenever a header of the SDK changes in a way that old plugins would not survive.
inline constexpr std::uint32_t kApiVersion = 3;

}  // namespace cambium

extern "C" {
/// The handshake, in C: read before anything of C++ crosses the border.
struct CambiumPluginV1 {
  std::uint32_t size;         ///< sizeof(CambiumPluginV1) as the plugin was compiled
  std::uint32_t api_version;  ///< cambium::kApiVersion as the plugin was compiled
  const char* abi_tag;        ///< CAMBIUM_ABI_TAG as the plugin was compiled
  const char* name;           ///< of the library
  const char* version;        ///< part of every result's identity: raise it when results change
  void (*register_plugins)(cambium::Registry&);
};
}

#define CAMBIUM_STRINGIFY_(x) #x
#define CAMBIUM_STRINGIFY(x) CAMBIUM_STRINGIFY_(x)
/// What must agree between a plugin and the worker beside the API: LibTorch's version and the C++ library's ABI.
/// CAMBIUM_TORCH_VERSION ("1.13") comes from the build.
#define CAMBIUM_ABI_TAG          \
  "torch-" CAMBIUM_TORCH_VERSION \
  "-cxx11abi" CAMBIUM_STRINGIFY(_GLIBCXX_USE_CXX11_ABI) "-gxxabi" CAMBIUM_STRINGIFY(__GXX_ABI_VERSION)

/// The entry point of a plugin library:
///
///     CAMBIUM_PLUGIN("my-strategies", "1", registry) { registry.add_strategy(...); }
#define CAMBIUM_PLUGIN(NAME, VERSION, REGISTRY)                                                                      \
  static void cambium_register_plugins(::cambium::Registry& REGISTRY);                                               \
  extern "C" __attribute__((visibility("default"))) const CambiumPluginV1* cambium_plugin() {                        \
    static const CambiumPluginV1 plugin = {                                                                          \
        sizeof(CambiumPluginV1), ::cambium::kApiVersion, CAMBIUM_ABI_TAG, NAME, VERSION, &cambium_register_plugins}; \
    return &plugin;                                                                                                  \
  }                                                                                                                  \
  static void cambium_register_plugins(::cambium::Registry& REGISTRY)
