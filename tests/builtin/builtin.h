#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "cambium/dataset.h"
#include "cambium/error.h"
#include "plugins/registry.h"

namespace cambium::test {

/// The built-in plugins, loaded from the build's folder as the worker loads them.
inline const PluginRegistry& plugins() {
  static const PluginRegistry registry = PluginRegistry::load({});
  return registry;
}

using Values = std::map<std::string, ParamValue>;

inline std::unique_ptr<Dataset> make_dataset(const std::string& name, const Values& values) {
  return plugins().make_dataset({name, Params(values)}, "/nowhere");
}

/// All images of a split, [N, C, H, W].
inline at::Tensor all_images(const Dataset& data, Split split) {
  std::vector<std::int64_t> indices(data.labels(split).size());
  std::iota(indices.begin(), indices.end(), 0);
  return data.images(split, indices);
}

inline std::vector<std::uint8_t> bytes_of(const at::Tensor& images) {
  const at::Tensor flat = images.contiguous();
  return {flat.data_ptr<std::uint8_t>(), flat.data_ptr<std::uint8_t>() + flat.numel()};
}

inline std::vector<std::int64_t> labels_of(const Dataset& data, Split split) {
  return {data.labels(split).begin(), data.labels(split).end()};
}

/// How many images of each class.
inline std::vector<std::int64_t> class_counts(const Dataset& data, Split split) {
  std::vector<std::int64_t> counts(data.info().classes.size());
  for (const std::int64_t label : data.labels(split)) ++counts[std::size_t(label)];
  return counts;
}

/// What `action` throws; a failed test, and an empty error, if it throws nothing.
inline Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::System, "");
}

/// Whether `error` is about data, says all of `parts` and gives a way out.
inline testing::AssertionResult says(const Error& error, const std::vector<std::string>& parts) {
  if (error.kind() != ErrorKind::Data)
    return testing::AssertionFailure() << "not an error of kind Data: " << error.what();
  if (error.hint().empty()) return testing::AssertionFailure() << "no hint: " << error.what();
  for (const std::string& part : parts)
    if (error.message().find(part) == std::string::npos)
      return testing::AssertionFailure() << "\"" << part << "\" is not in: " << error.message();
  return testing::AssertionSuccess();
}

/// A file or folder of the shared folder beside the checkout (CAMBIUM_SHARED: elsewhere); empty where there is none.
inline std::filesystem::path shared(const std::string& path) {
  const char* elsewhere = std::getenv("CAMBIUM_SHARED");
  const std::filesystem::path folder =
      elsewhere ? std::filesystem::path(elsewhere) : std::filesystem::path(CAMBIUM_SOURCE_DIR) / ".." / "shared";
  return std::filesystem::exists(folder / path) ? (folder / path).lexically_normal() : std::filesystem::path();
}

/// The real data, likewise.
inline std::filesystem::path real_data(const std::string& name) { return shared("data/" + name); }

}  // namespace cambium::test
