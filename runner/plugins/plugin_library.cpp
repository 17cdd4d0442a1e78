#include "plugins/plugin_library.h"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <map>
#include <memory>
#include <string_view>

namespace cambium {
namespace {

namespace dll = boost::dll;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::Plugin, path.string() + ": " + what, hint);
}

/// The dynamic loader's own words, without the path that it repeats.
std::string reason(const std::exception& error, const std::filesystem::path& path) {
  std::string text = error.what();
  if (const auto at = text.find(path.string() + ": "); at != std::string::npos)
    text = text.substr(at + path.string().size() + 2);
  return text;
}

/// Loads without ever unloading.
dll::shared_library& load(const std::filesystem::path& path, dll::load_mode::type mode) {
  auto library = std::make_unique<dll::shared_library>(path, mode);
  return *library.release();
}

/// Holds the handshake of a loaded library against what it must be.
const CambiumPluginV1& shake_hands(const dll::shared_library& library, const std::filesystem::path& path) {
  const std::string rebuild = "build the plugin against this Cambium (cambium_add_plugin in its CMakeLists.txt)";
  if (!library.has("cambium_plugin"))
    fail(path, "is no Cambium plugin: it has no entry point cambium_plugin",
         "end one of its sources with CAMBIUM_PLUGIN(\"name\", \"version\", registry) { ... }");
  const CambiumPluginV1* plugin = library.get<const CambiumPluginV1*()>("cambium_plugin")();
  if (!plugin || plugin->size < sizeof(CambiumPluginV1))
    fail(path,
         "answers the handshake with " + std::to_string(plugin ? plugin->size : 0) + " bytes, and " +
             std::to_string(sizeof(CambiumPluginV1)) + " are expected",
         rebuild);
  if (plugin->api_version != kApiVersion)
    fail(path,
         "speaks version " + std::to_string(plugin->api_version) + " of the plugin API, and this is version " +
             std::to_string(kApiVersion),
         rebuild);
  if (std::string_view(plugin->abi_tag) != CAMBIUM_ABI_TAG)
    fail(path, std::string("was built for ") + plugin->abi_tag + ", and this is " CAMBIUM_ABI_TAG,
         rebuild + ", with the same compiler and LibTorch");
  return *plugin;
}

}  // namespace

PluginLibrary load_plugin_library(const std::filesystem::path& given) {
  const auto path = std::filesystem::absolute(given).lexically_normal();
  // Once loaded lazily, a library would pass for whole the next time.
  static std::map<std::filesystem::path, Error> broken;
  if (const auto known = broken.find(path); known != broken.end()) throw Error(known->second);
  try {
    const CambiumPluginV1& plugin = shake_hands(load(path, dll::load_mode::rtld_now), path);
    return {path, plugin.name, plugin.version, plugin.register_plugins};
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    // Something is missing. If the handshake can be read all the same, it may say why better than a mangled name does.
    // (glibc does not resolve a library that is loaded lazily already, so it is loaded lazily only now.)
    const std::string missing = reason(error, path);
    dll::shared_library* lazy = nullptr;
    try {
      lazy = &load(path, dll::load_mode::rtld_lazy);
    } catch (const std::exception&) {
      fail(
          path, "cannot be loaded: " + missing,
          "a plugin is a shared library; if it is one, a library that it needs is missing, or it was built for another "
          "machine or LibTorch");
    }
    try {
      shake_hands(*lazy, path);
      fail(path, "lacks something that it uses: " + missing, "link the library that holds it, or mend the declaration");
    } catch (const Error& why) {
      broken.emplace(path, why);
      throw;
    }
  }
}

}  // namespace cambium
