#pragma once

#include <string>

namespace cambium::exported {

/// "conv2d" of "torch.ops.aten.conv2d.default"; empty for what is none of ATen's.
std::string aten_name(const std::string& target);

/// Whether an operation of ATen may be called: one of a list of those that compute tensors from tensors and touch
/// nothing else. No file, no random numbers but dropout's, nothing uninitialised. "relu_" may where "relu" may.
bool is_pure(const std::string& name);

/// Whether it is one of the checks and hints that torch.export leaves behind, which compute nothing.
bool is_check(const std::string& name);

/// Whether it multiplies matrices or convolves: what a layer's work is.
bool is_product(const std::string& name);

/// Whether it normalises and has a scale and a shift of its own.
bool is_norm(const std::string& name);

/// Whether it drops values in train mode.
bool is_dropout(const std::string& name);

/// Whether it may be given bf16 where a network computes in it; what is not is given float32.
bool takes_bf16(const std::string& name);

/// Whether what it gives may be what it was given, though its schema does not say so.
bool may_pass_through(const std::string& name);

}  // namespace cambium::exported
