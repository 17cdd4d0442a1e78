#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cambium {

/// Sets the threads of LibTorch and of its BLAS, which on their own would take more than they are given and fight over
/// them. Results are bit-identical for the same number.
void set_threads(int threads);

/// Where numbers were made: LibTorch, BLAS, CPU, threads, host, git revision.
nlohmann::json provenance(int threads);

/// A word of warning if the BLAS in use is the slow reference one; empty otherwise.
std::string blas_warning();

}  // namespace cambium
