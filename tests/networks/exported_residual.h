#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "support/exported_archive.h"

namespace cambium::test {

inline void add_norm(ExportedArchive& archive, const std::string& name, std::int64_t channels) {
  archive.stored(name + ".weight", at::rand({channels}) + 0.5)
      .stored(name + ".bias", at::randn({channels}))
      .stored(name + ".running_mean", at::randn({channels}), false)
      .stored(name + ".running_var", at::rand({channels}) + 0.5, false)
      .stored(name + ".num_batches_tracked", at::tensor(std::int64_t{3}), false);
}

inline void norm(ExportedArchive& archive, const std::string& name, const std::string& module, const std::string& from,
                 const std::string& to, std::vector<std::int64_t> shape) {
  using Archive = ExportedArchive;
  archive.node("batch_norm", module,
               {{"input", Archive::tensor(from)},
                {"weight", Archive::tensor(name + ".weight")},
                {"bias", Archive::tensor(name + ".bias")},
                {"running_mean", Archive::tensor(name + ".running_mean")},
                {"running_var", Archive::tensor(name + ".running_var")},
                {"training", Archive::flag(false)},
                {"momentum", Archive::number(0.1)},
                {"eps", Archive::number(1e-5)},
                {"cudnn_enabled", Archive::flag(false)}},
               to, std::move(shape));
}

/// stem (convolution, norm, ReLU, pool), two residual blocks, the mean, dropout of 0.5 and a Linear.
inline ExportedArchive residual(double dropout = 0.5, std::int64_t channels = 3) {
  using Archive = ExportedArchive;
  at::manual_seed(3);
  Archive archive(channels, 8);
  archive.stored("conv.weight", at::randn({4, channels, 3, 3}) * 0.3);
  add_norm(archive, "bn", 4);
  for (const std::string block : {"layer.0", "layer.1"}) {
    archive.of_class(block, "test.Block").stored(block + ".conv.weight", at::randn({4, 4, 3, 3}) * 0.3);
    add_norm(archive, block + ".bn", 4);
  }
  archive.stored("fc.weight", at::randn({5, 4})).stored("fc.bias", at::randn({5}));
  archive.stored("unread", at::randn({2}));
  archive.node("conv2d", "conv",
               {{"input", Archive::tensor("x")},
                {"weight", Archive::tensor("conv.weight")},
                {"bias", Archive::none()},
                {"padding", Archive::ints({1, 1})}},
               "a", {4, 8, 8});
  norm(archive, "bn", "bn", "a", "b", {4, 8, 8});
  archive.node("relu_", "act", {{"self", Archive::tensor("b")}}, "c", {4, 8, 8});
  archive.node(
      "max_pool2d", "pool",
      {{"self", Archive::tensor("c")}, {"kernel_size", Archive::ints({2, 2})}, {"stride", Archive::ints({2, 2})}}, "d",
      {4, 4, 4});
  std::string x = "d";
  for (const std::string block : {"layer.0", "layer.1"}) {
    const std::string p = block;
    archive.node("conv2d", block + ".conv",
                 {{"input", Archive::tensor(x)},
                  {"weight", Archive::tensor(block + ".conv.weight")},
                  {"padding", Archive::ints({1, 1})}},
                 p + "a", {4, 4, 4});
    norm(archive, block + ".bn", block + ".bn", p + "a", p + "b", {4, 4, 4});
    archive.node("add_.Tensor", block, {{"self", Archive::tensor(p + "b")}, {"other", Archive::tensor(x)}}, p + "c",
                 {4, 4, 4});
    archive.node("relu_", block + ".act", {{"self", Archive::tensor(p + "c")}}, p + "d", {4, 4, 4});
    x = p + "d";
  }
  archive.node("adaptive_avg_pool2d", "mean", {{"self", Archive::tensor(x)}, {"output_size", Archive::ints({1, 1})}},
               "e", {4, 1, 1});
  archive.node("flatten.using_ints", "", {{"self", Archive::tensor("e")}, {"start_dim", {{"as_int", 1}}}}, "f", {4});
  archive.node("dropout", "drop",
               {{"input", Archive::tensor("f")}, {"p", Archive::number(dropout)}, {"train", Archive::flag(false)}}, "g",
               {4});
  archive.node(
      "linear", "fc",
      {{"input", Archive::tensor("g")}, {"weight", Archive::tensor("fc.weight")}, {"bias", Archive::tensor("fc.bias")}},
      "h", {5});
  return archive;
}

}  // namespace cambium::test
