#include "cambium/backbone.h"

namespace cambium {

at::Tensor Backbone::forward(at::Tensor x, std::size_t from, std::size_t to) const {
  for (std::size_t i = from; i < to; ++i) x = layers_[i].module->forward(x);
  return x;
}

}  // namespace cambium
