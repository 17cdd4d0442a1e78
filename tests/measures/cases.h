#pragma once

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>

namespace cambium::measures::test {

/// double [n, d]: sin(0.7 i (j + 1) + j), with half a unit more where i % 3 == j % 3. The oracles in the tests'
/// comments call it F(n, d); labels are i % 3 unless said.
inline at::Tensor waves(std::int64_t n, std::int64_t d) {
  at::Tensor f = at::empty({n, d}, at::kDouble);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < d; ++j)
      f[i][j] = std::sin(0.7 * double(i) * double(j + 1) + double(j)) + (i % 3 == j % 3 ? 0.5 : 0.0);
  return f;
}
inline at::Tensor thirds(std::int64_t n) { return at::arange(n, at::kLong).remainder(3); }
/// (i i / 7) % 3, rounded down: labels that the waves know little of.
inline at::Tensor mixed(std::int64_t n) {
  const at::Tensor i = at::arange(n, at::kLong);
  return (i * i).div(7, "floor").remainder(3);
}

}  // namespace cambium::measures::test
