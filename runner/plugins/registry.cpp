#include "plugins/registry.h"

#include <algorithm>

#include "cambium/files.h"
#include "plugins/plugin_library.h"
#include "protocol/places.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// Runs a plugin's code; what it throws comes out as an Error that names it.
template <class Make>
auto guarded(const std::string& what, Make make) {
  try {
    auto made = make();
    if (!made)
      throw Error(ErrorKind::Plugin, what + " made nothing",
                  "its factory must return an object or throw cambium::Error");
    return made;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    const std::string text = error.what();
    throw Error(ErrorKind::Plugin, what + " failed: " + text.substr(0, text.find('\n')),
                "this is a fault of the plugin");
  }
}

}  // namespace

PluginRegistry PluginRegistry::load(const std::vector<fs::path>& folders) {
  PluginRegistry registry;
  registry.load_folder(built_in_plugins(), false);
  for (const fs::path& folder : folders) registry.load_folder(folder, true);
  return registry;
}

void PluginRegistry::load_folder(const fs::path& folder, bool must_exist) {
  std::error_code error;
  std::vector<fs::path> libraries;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".so") libraries.push_back(entry.path());
  if (error && must_exist)
    problems_.push_back(
        {folder.string(), "cannot be read: " + error.message(), "give --plugins a folder of plugin libraries"});
  std::sort(libraries.begin(), libraries.end());
  for (const fs::path& path : libraries) load_library(path);
}

void PluginRegistry::load_library(const fs::path& path) {
  pending_.clear();
  try {
    const PluginLibrary library = load_plugin_library(path);
    try {
      library.register_plugins(*this);
    } catch (const Error& error) {
      throw Error(ErrorKind::Plugin, library.path.string() + ": " + error.message(), error.hint());
    } catch (const std::exception& error) {
      throw Error(ErrorKind::Plugin, library.path.string() + ": registering its plugins failed: " + error.what(),
                  "this is a fault of the plugin");
    }
    const std::string hash = sha256_file(library.path);
    for (Plugin& plugin : pending_) {
      plugin.info.version = library.version;
      plugin.info.library = library.path.string();
      plugin.info.sha256 = hash;
      add(std::move(plugin));
    }
  } catch (const Error& error) {
    const std::string prefix = fs::absolute(path).lexically_normal().string();
    std::string message = error.message();
    if (message.rfind(prefix + ": ", 0) == 0) message = message.substr(prefix.size() + 2);
    problems_.push_back({prefix, message, error.hint()});
  }
}

void PluginRegistry::add(Plugin plugin) {
  const Key key{plugin.info.kind, plugin.info.name};
  const auto known = plugins_.find(key);
  if (known == plugins_.end() && !ambiguous_.count(key)) {
    plugins_.emplace(key, std::move(plugin));
    return;
  }
  std::string& libraries = ambiguous_[key];
  if (known != plugins_.end()) {
    libraries = known->second.info.library;
    plugins_.erase(known);
  }
  problems_.push_back({plugin.info.library,
                       std::string("registers the ") + to_string(plugin.info.kind) + " " + plugin.info.name +
                           ", as does " + libraries + "; neither can be used",
                       "give one of them another name, or take one library away"});
  libraries += " and " + plugin.info.library;
}

void PluginRegistry::add_backbone(std::string name, std::string doc, Schema schema, BackboneFactory make) {
  pending_.push_back({{PluginKind::Backbone, std::move(name), std::move(doc), std::move(schema), "", "", ""},
                      std::move(make),
                      {},
                      {}});
}
void PluginRegistry::add_dataset(std::string name, std::string doc, Schema schema, DatasetFactory make) {
  for (const Parameter& parameter : schema.parameters())
    if (data_schema().find(parameter.name))
      throw Error(ErrorKind::Plugin,
                  "data set " + name + " declares " + parameter.name + ", which the runner reads for every data set",
                  "give the parameter another name; `cambium plugins data` lists those that are taken");
  pending_.push_back(
      {{PluginKind::Dataset, std::move(name), std::move(doc), std::move(schema), "", "", ""}, {}, std::move(make), {}});
}
void PluginRegistry::add_strategy(std::string name, std::string doc, Schema schema, StrategyFactory make) {
  pending_.push_back({{PluginKind::Strategy, std::move(name), std::move(doc), std::move(schema), "", "", ""},
                      {},
                      {},
                      std::move(make)});
}

Description PluginRegistry::describe() const {
  Description description;
  for (const auto& [key, plugin] : plugins_) description.plugins.push_back(plugin.info);
  description.problems = problems_;
  return description;
}

const PluginRegistry::Plugin& PluginRegistry::find(PluginKind kind, const std::string& name) const {
  const auto found = plugins_.find({kind, name});
  if (found != plugins_.end()) return found->second;
  if (const auto claimed = ambiguous_.find({kind, name}); claimed != ambiguous_.end())
    throw Error(ErrorKind::Plugin,
                std::string("the ") + to_string(kind) + " " + name + " is claimed by " + claimed->second,
                "take one library away");
  throw Error(ErrorKind::Plugin, std::string("there is no ") + to_string(kind) + " plugin " + name,
              "`cambium plugins` lists them");
}

const std::string& PluginRegistry::library_hash(PluginKind kind, const std::string& name) const {
  return find(kind, name).info.sha256;
}

namespace {

/// `params` as the schema types them, paths resolved.
Params resolved(const Params& params, const Schema& schema, const fs::path& data_root) {
  Params result = typed(params, schema);
  for (const Parameter& parameter : schema.parameters())
    if (parameter.type == ParamType::Path && result.has(parameter.name) && !result.string(parameter.name).empty())
      result.set(parameter.name, resolve_path(data_root, result.string(parameter.name)).string());
  return result;
}

}  // namespace

std::unique_ptr<Backbone> PluginRegistry::make_backbone(const Component& component, const ImageShape& shape,
                                                        const fs::path& data_root) const {
  const Plugin& plugin = find(PluginKind::Backbone, component.plugin);
  const Params params = resolved(component.params, plugin.info.schema, data_root);
  return guarded("backbone " + component.plugin, [&] { return plugin.backbone(params, shape); });
}

std::unique_ptr<Dataset> PluginRegistry::make_dataset(const Component& component, const fs::path& data_root) const {
  const Plugin& plugin = find(PluginKind::Dataset, component.plugin);
  const Params params = resolved(component.params, plugin.info.schema, data_root);
  return guarded("data set " + component.plugin, [&] { return plugin.dataset(params); });
}

std::unique_ptr<Strategy> PluginRegistry::make_strategy(const Component& component) const {
  const Plugin& plugin = find(PluginKind::Strategy, component.plugin);
  const Params params = typed(component.params, plugin.info.schema);
  return guarded("strategy " + component.plugin, [&] { return plugin.strategy(params); });
}

}  // namespace cambium
