#include "cambium/backbone.h"

#include "cambium/nn.h"

namespace cambium {

at::Tensor Backbone::forward(at::Tensor x, std::size_t from, std::size_t to) const {
  for (std::size_t i = from; i < to; ++i) x = layers_[i].module->forward(x);
  return x;
}

std::unique_ptr<Module> Backbone::make_head(std::int64_t classes) const {
  return std::make_unique<nn::Linear>(feature_width_, classes);
}

at::Tensor Backbone::adapted(const std::string&, const at::Tensor&, const std::vector<std::int64_t>&) const {
  return {};
}

}  // namespace cambium
