#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/data/images.h"

/// Measures that have a value for each layer of a network, in its order.
namespace cambium {

using LayerValues = std::vector<std::pair<std::string, double>>;

/// Linear CKA of what each layer gives for `images` in one network and in another of its kind; [N, C, H, W] as vectors
/// of C H W. Never holds much more than `bytes` of them at once: what does not fit is computed again, block by block.
LayerValues layer_cka(Model& one, Model& other, const Images& images, std::int64_t bytes = std::int64_t{1} << 30);

/// The L2 distance between the parameters of each layer, and of the head, in the two networks; and, as "LAYER
/// relative", the same over the length of the first one's: NaN, undefined, where that is 0. Layers without parameters
/// are left out.
LayerValues weight_distances(const Model& start, const Model& end);

/// The length of the gradient of the mean cross-entropy over `images`, over the length of the parameters, by layer and
/// for the head; eval mode, all parameters whether or not they learned. NaN for a layer whose parameters are all 0.
LayerValues gradient_norms(Model& model, const Images& images);

}  // namespace cambium
