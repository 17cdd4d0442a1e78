#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cambium/plugin.h"
#include "protocol/messages.h"

namespace cambium {

/// Every plugin that could be loaded, and what could not and why.
class PluginRegistry : public Registry {
 public:
  /// The libraries of the built-in folder, then of `folders`, each in the order of file names. What cannot be used
  /// becomes a problem and nothing stops.
  static PluginRegistry load(const std::vector<std::filesystem::path>& folders);

  void add_backbone(std::string name, std::string doc, Schema schema, BackboneFactory make) override;
  void add_dataset(std::string name, std::string doc, Schema schema, DatasetFactory make) override;
  void add_strategy(std::string name, std::string doc, Schema schema, StrategyFactory make) override;

  /// The plugins in order of kind and name; `torch` is left to who knows it.
  Description describe() const;
  const std::vector<PluginProblem>& problems() const { return problems_; }
  /// SHA-256 of the library that holds a plugin.
  const std::string& library_hash(PluginKind kind, const std::string& name) const;

  // Each throws Error{Plugin} for an unknown plugin or parameter, and what the plugin throws; what is no Error becomes
  // one that names the plugin.
  // Paths are resolved against the data root.
  std::unique_ptr<Backbone> make_backbone(const Component& component, const ImageShape& shape,
                                          const std::filesystem::path& data_root = {}) const;
  std::unique_ptr<Dataset> make_dataset(const Component& component, const std::filesystem::path& data_root) const;
  std::unique_ptr<Strategy> make_strategy(const Component& component) const;

 private:
  struct Plugin {
    PluginInfo info;
    BackboneFactory backbone;
    DatasetFactory dataset;
    StrategyFactory strategy;
  };
  using Key = std::pair<PluginKind, std::string>;

  void load_folder(const std::filesystem::path& folder, bool must_exist);
  void load_library(const std::filesystem::path& path);
  void add(Plugin plugin);
  const Plugin& find(PluginKind kind, const std::string& name) const;

  std::map<Key, Plugin> plugins_;
  std::map<Key, std::string> ambiguous_;  ///< names that two libraries claim, with the libraries
  std::vector<PluginProblem> problems_;
  std::vector<Plugin> pending_;  ///< of the library being registered: all of them count, or none
};

}  // namespace cambium
