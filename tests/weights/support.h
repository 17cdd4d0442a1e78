#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "cambium/error.h"
#include "support/temporary_folder.h"
#include "weights/torch/tensor_file.h"

namespace cambium::test {

/// What `action` throws is about data, names the file `name` and gives a way out; its message. "no error" if none.
inline std::string refusal_of(const std::string& name, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Data);
    EXPECT_THAT(error.message(), ::testing::HasSubstr(name));
    EXPECT_FALSE(error.hint().empty());
    return error.message();
  }
  return "no error";
}

/// Whether two sets of tensors are the same to the last bit, types included.
inline void expect_same(const TensorMap& one, const TensorMap& other) {
  ASSERT_EQ(one.size(), other.size());
  for (const auto& [name, tensor] : one) {
    ASSERT_EQ(other.count(name), 1u) << name;
    const at::Tensor& theirs = other.at(name);
    ASSERT_EQ(tensor.scalar_type(), theirs.scalar_type()) << name;
    ASSERT_EQ(tensor.sizes(), theirs.sizes()) << name;
    ASSERT_TRUE(tensor.is_contiguous() && theirs.is_contiguous()) << name;
    if (tensor.numel() == 0) continue;
    ASSERT_EQ(std::memcmp(tensor.data_ptr(), theirs.data_ptr(), tensor.nbytes()), 0) << name;
  }
}

/// Python with Debian's python3-torch; empty where there is none.
inline std::string python_with_torch() {
  for (const char* python : {"python3", "/usr/bin/python3"})
    if (std::system((std::string(python) + " -c 'import torch' 2>/dev/null").c_str()) == 0) return python;
  return {};
}

inline int oracle(const std::string& python, const std::string& arguments) {
  return std::system((python + " -W ignore " CAMBIUM_SOURCE_DIR "/tests/weights/oracle.py " + arguments).c_str());
}

/// The real weights beside the checkout, or where CAMBIUM_SHARED says; empty where there are none.
inline std::filesystem::path real_weights(const std::string& name) {
  const char* set = std::getenv("CAMBIUM_SHARED");
  const std::filesystem::path shared = set ? set : CAMBIUM_SOURCE_DIR "/../shared";
  const std::filesystem::path file = shared / "weights" / name;
  return std::filesystem::exists(file) ? file.lexically_normal() : std::filesystem::path();
}

}  // namespace cambium::test
