#pragma once

#include <string>
#include <utility>

#include "cambium/backbone.h"
#include "cambium/nn.h"
#include "cambium/schema.h"

namespace cambium::blocks {

/// A backbone of stages of blocks, to be cut between stages or, as the study's `units` says, between blocks.
class Staged : public Backbone {
 public:
  /// The parameter that every such backbone has.
  static Schema schema() {
    return Schema().choice("units", "stage", {"stage", "block"}, "what a layer is: a whole stage, or a single block");
  }

 protected:
  explicit Staged(const Params& params) : by_block_(params.string("units") == "block") {}

  /// Appends a block to the layer that it belongs to. Its parameters are called `prefix` + `at` + "." + their own.
  template <class Block, class... Args>
  void add_block(const std::string& stage, const std::string& block, const std::string& prefix, const std::string& at,
                 Args&&... args) {
    if (by_block_ || !layer_ || layers().back().name != stage)
      layer_ = &add_layer_as<nn::Sequential>(by_block_ ? block : stage, prefix);
    layer_->add<Block>(at, std::forward<Args>(args)...);
  }
  /// Ends the last layer with the mean over all places: [N, width].
  void end_with_pool(std::int64_t width) {
    layer_->add<nn::GlobalAveragePool>("pool");
    set_feature_width(width);
  }

 private:
  bool by_block_;
  nn::Sequential* layer_ = nullptr;  ///< the last
};

}  // namespace cambium::blocks
