#include "cambium/module.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>

namespace cambium {

Init Init::he_normal(std::int64_t fan_in) { return normal(std::sqrt(2.0 / double(fan_in))); }
Init Init::he_uniform(std::int64_t fan_in) { return uniform(std::sqrt(6.0 / double(fan_in))); }
Init Init::glorot_uniform(std::int64_t fan_in, std::int64_t fan_out) {
  return uniform(std::sqrt(6.0 / double(fan_in + fan_out)));
}
Init Init::fan_in_uniform(std::int64_t fan_in) { return uniform(1.0 / std::sqrt(double(fan_in))); }

void Module::train(bool on, bool statistics) {
  const bool keeps = std::any_of(buffers_.begin(), buffers_.end(),
                                 [](const NamedBuffer& buffer) { return buffer.name == "running_mean"; });
  training_ = keeps ? statistics : on;
  statistics_ = statistics;
  for (auto& [name, module] : children_) module->train(on, statistics);
}

namespace {

std::string joined(const std::string& prefix, const std::string& name) {
  return name.empty() ? prefix : prefix + name + ".";
}

}  // namespace

std::vector<NamedParameter> Module::parameters(const std::string& prefix) const {
  std::vector<NamedParameter> all;
  for (NamedParameter parameter : parameters_) {
    parameter.name = prefix + parameter.name;
    all.push_back(std::move(parameter));
  }
  for (const auto& [name, module] : children_)
    for (NamedParameter& parameter : module->parameters(joined(prefix, name))) all.push_back(std::move(parameter));
  return all;
}

std::vector<NamedBuffer> Module::buffers(const std::string& prefix) const {
  std::vector<NamedBuffer> all;
  for (NamedBuffer buffer : buffers_) {
    buffer.name = prefix + buffer.name;
    all.push_back(std::move(buffer));
  }
  for (const auto& [name, module] : children_)
    for (NamedBuffer& buffer : module->buffers(joined(prefix, name))) all.push_back(std::move(buffer));
  return all;
}

at::Tensor Module::parameter(std::string name, std::vector<std::int64_t> shape, Init init, Role role) {
  at::Tensor value = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  parameters_.push_back({std::move(name), value, init, role});
  return value;
}

at::Tensor Module::buffer(std::string name, std::vector<std::int64_t> shape, double initial, c10::ScalarType type) {
  at::Tensor value = at::full(shape, initial, at::TensorOptions().dtype(type));
  buffers_.push_back({std::move(name), value, initial});
  return value;
}

at::Tensor Module::buffer(std::string name, const at::Tensor& value) {
  at::Tensor own = value.detach().clone();
  buffers_.push_back({std::move(name), own, std::nullopt});
  return own;
}

}  // namespace cambium
