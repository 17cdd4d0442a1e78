#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cambium {

/// Where numbers were made: LibTorch, BLAS, CPU, threads, host, git revision.
nlohmann::json provenance(int threads);

/// A word of warning if the BLAS in use is the slow reference one; empty otherwise.
std::string blas_warning();

}  // namespace cambium
