#pragma once

namespace cambium {

/// Sets the threads of LibTorch and of its BLAS, which on their own would take more than they are given and fight over
/// them. Results are bit-identical for the same number.
void set_threads(int threads);

}  // namespace cambium
