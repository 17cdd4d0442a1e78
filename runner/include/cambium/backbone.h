#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cambium/image.h"
#include "cambium/module.h"

namespace cambium {

/// A unit at which a network can be cut: a name, and the module that runs it.
struct Layer {
  std::string name;
  std::string prefix;  ///< of its parameters' names: "conv1." unless the backbone says otherwise
  std::unique_ptr<Module> module;
};

/// g of f = h∘g: an ordered list of named layers from images [N, C, H, W], normalised, to features.
///
/// A plugin derives from this and calls add_layer() in its constructor, from the input on. Each layer takes what the
/// one before it gives; the last gives [N, feature_width] or, where the network's own head wants maps, [N,
/// feature_width, H, W], whose features are the mean over each map.
class Backbone {
 public:
  virtual ~Backbone() = default;

  const std::vector<Layer>& layers() const { return layers_; }
  std::int64_t feature_width() const { return feature_width_; }
  const InputCard& input() const { return input_; }
  /// Of the files that the network was read from, if it was: part of the identity of every result.
  const std::string& fingerprint() const { return fingerprint_; }
  const std::vector<std::filesystem::path>& files() const { return files_; }

  /// Runs layers [from, to) on `x`, what layer from - 1 gave (the images for from = 0).
  at::Tensor forward(at::Tensor x, std::size_t from, std::size_t to) const;

  /// h: a new head from what the last layer gives to logits [N, classes]. Unless a network has one of its own, a Linear
  /// from feature_width.
  virtual std::unique_ptr<Module> make_head(std::int64_t classes) const;
  /// What the names of the head's parameters begin with in public checkpoints of this network, as "fc" in "fc.weight".
  virtual std::string head_name() const { return "head"; }
  /// The name that this network gives to what a public checkpoint calls `name`.
  virtual std::string own_name(const std::string& name) const { return name; }
  /// What a source's tensor becomes that this network has as `name` in another `shape`, as position embeddings of
  /// images of another size; an undefined tensor where nothing can be made of it.
  virtual at::Tensor adapted(const std::string& name, const at::Tensor& theirs,
                             const std::vector<std::int64_t>& shape) const;

 protected:
  /// Appends a layer. Its parameters are named `name` + "." + their own.
  template <class M, class... Args>
  M& add_layer(std::string name, Args&&... args) {
    std::string prefix = name + ".";
    return add_layer_as<M>(std::move(name), std::move(prefix), std::forward<Args>(args)...);
  }
  /// Appends a layer whose parameters begin with `prefix`, for networks whose public names follow other lines.
  template <class M, class... Args>
  M& add_layer_as(std::string name, std::string prefix, Args&&... args) {
    auto module = std::make_unique<M>(std::forward<Args>(args)...);
    M& reference = *module;
    layers_.push_back({std::move(name), std::move(prefix), std::move(module)});
    return reference;
  }
  void set_feature_width(std::int64_t width) { feature_width_ = width; }
  void set_input(InputCard input) { input_ = std::move(input); }
  /// For a network that files say: the hash of what they hold.
  void set_files(std::vector<std::filesystem::path> files, std::string fingerprint) {
    files_ = std::move(files);
    fingerprint_ = std::move(fingerprint);
  }

 private:
  std::vector<Layer> layers_;
  std::int64_t feature_width_ = 0;
  InputCard input_;
  std::string fingerprint_;
  std::vector<std::filesystem::path> files_;
};

}  // namespace cambium
