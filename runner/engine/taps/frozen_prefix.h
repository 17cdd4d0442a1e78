#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/data/images.h"
#include "engine/model/model.h"
#include "engine/taps/tap_files.h"
#include "protocol/messages.h"

namespace cambium {

/// Where taps are kept, and what decides them beside images and tensors.
struct TapsPlace {
  TapFiles* files = nullptr;
  TapsOrder order;
  std::string made_with;  ///< code, precision, number of threads, LibTorch: all that bits depend on
};

/// The leading layers of a network that never change, and what they give: computed once for each image, whoever asks.
///
/// Where the order says so it is kept in files, named by content: the data and what is done to it, the layers' own
/// tensors and code. Workers share the work image by image. An image's place in the batch that it is computed in
/// depends on the image alone, so its taps have the same bits whoever computes them, and with whatever others.
class FrozenPrefix {
 public:
  /// The first `layers` layers of `model`, in eval mode, which stay as they are while this lives.
  FrozenPrefix(const Model& model, std::size_t layers, TapsPlace place);

  /// Lets `images` give what the prefix gives, or what its first layers give where that is not worth keeping. `again`:
  /// they are asked for more than once. Gives a note where taps that were to be kept could not be; empty: none.
  std::string feed(Images& images, bool again);

 private:
  using Shape = std::vector<std::int64_t>;  ///< of a tap of one image
  /// A place where taps are taken on the way.
  struct Cut {
    std::size_t layers = 0;
    std::shared_ptr<KeptRows> file;
  };
  class Filling;

  const std::string& digest(std::size_t layers);
  const Shape& shape(std::size_t layers, const Images& images);
  std::shared_ptr<KeptRows> open(std::size_t layers, const Images& images);

  const Model& model_;
  std::size_t layers_;
  TapsPlace place_;
  std::map<std::size_t, std::string> digests_;  ///< by layers
  std::vector<Shape> shapes_;                   ///< by layers - 1
};

}  // namespace cambium
