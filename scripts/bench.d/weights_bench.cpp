// Times the loading of 50 MB of weights, hash included, beside Python's torch.load of the same files where it is
// installed.
#include <ATen/ops/randn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "weights/torch/tensor_file.h"
#include "weights/weights_file.h"

int main() {
  using namespace cambium;
  const auto folder = std::filesystem::temp_directory_path() / "cambium-weights-bench";
  std::filesystem::create_directories(folder);
  TensorFile file;
  for (int i = 0; i < 50; ++i) file.tensors[fmt::format("layer{}.weight", i)] = at::randn({512, 512});
  const std::string pth = (folder / "x.pth").string(), safetensors = (folder / "x.safetensors").string();
  write_pth(pth, file.tensors);
  write_safetensors(safetensors, file);
  const auto best_of = [](auto work) {
    double best = 1e9;
    for (int repeat = 0; repeat < 7; ++repeat) {
      const auto start = std::chrono::steady_clock::now();
      work();
      best =
          std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
  };
  for (const std::string& path : {pth, safetensors}) {
    const std::string hash = WeightsFile(path).sha256();
    fmt::print("{} of {} MB: index {:.2f} ms, load {:.1f} ms, load with its hash {:.1f} ms\n",
               std::filesystem::path(path).filename().string(), std::filesystem::file_size(path) / 1'000'000,
               best_of([&] { WeightsFile{path}; }), best_of([&] { read_weights(path); }),
               best_of([&] { read_weights(path, hash); }));
  }
  std::fflush(stdout);
  const std::string python = fmt::format(
      "/usr/bin/python3 -c \"import time, torch\nbest = 1e9\nfor _ in range(7):\n start = time.perf_counter()\n "
      "torch.load('{}')\n best = min(best, time.perf_counter() - start)\nprint('torch.load in Python: %.1f ms' % (best "
      "* "
      "1000))\" 2>/dev/null",
      pth);
  if (std::system(python.c_str()) != 0) fmt::print("python3-torch is not installed: no comparison\n");
  std::filesystem::remove_all(folder);
}
