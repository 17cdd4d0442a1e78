#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include <string>

namespace cambium::exported {

/// An operation of newer PyTorches, written out with those that LibTorch has had since 1.13.
struct OwnOperation {
  c10::FunctionSchema schema;
  void (*call)(torch::jit::Stack& stack);
};

/// The one of that name, or null.
const OwnOperation* find_own(const std::string& name);

}  // namespace cambium::exported
