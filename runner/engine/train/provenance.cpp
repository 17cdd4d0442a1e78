#include "engine/train/provenance.h"

#include <ATen/Version.h>
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/model/torch_version.h"
#include "revision.h"

namespace cambium {
namespace {

template <class F>
F symbol(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
}

/// "OpenBLAS 0.3.21 ..." as the library in use tells it; "mkl", or "reference" where it is neither.
std::string blas() {
  if (const auto config = symbol<char* (*)()>("openblas_get_config")) {
    std::string text = config();
    const auto model = symbol<int (*)()>("openblas_get_parallel");
    static constexpr const char* kModels[] = {"single-threaded", "pthread", "OpenMP"};
    if (model && model() >= 0 && model() <= 2) text += std::string("; ") + kModels[model()];
    return text;
  }
  return symbol<void*>("mkl_get_version") ? "mkl" : "reference";
}

std::string cpu() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

/// The vector instructions that LibTorch takes of those that the CPU has, which ATEN_CPU_CAPABILITY may hold it to.
std::string instructions() {
  static const std::string kBefore = "CPU capability usage: ";
  const std::string config = at::show_config();
  const auto at = config.find(kBefore);
  if (at == std::string::npos) return "unknown";
  const auto begin = at + kBefore.size();
  return config.substr(begin, config.find('\n', begin) - begin);
}

std::string host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace

nlohmann::json provenance(int threads) {
  static const std::string cpu_name = cpu(), used = instructions(), blas_name = blas(), host_name = host();
  return {{"torch", kTorchVersion}, {"blas", blas_name}, {"cpu", cpu_name},      {"instructions", used},
          {"threads", threads},     {"host", host_name}, {"revision", kRevision}};
}

std::string blas_warning() {
  if (blas() != "reference") return "";
  return "the reference BLAS is in use, which is some fifty times slower than OpenBLAS: install libopenblas0-openmp";
}

}  // namespace cambium
