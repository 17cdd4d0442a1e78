#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include <string>

namespace cambium::exported {

/// An operation that is written out with others that LibTorch has had since 1.13: of newer PyTorches, or too strict.
struct OwnOperation {
  c10::FunctionSchema schema;
  void (*call)(torch::jit::Stack& stack);
};

/// The one of that name, or null.
const OwnOperation* find_own(const std::string& name);

}  // namespace cambium::exported
