// Times the compilation of a study of 100,000 cells, from the file to what is to be done about each.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "plan/compile.h"
#include "plan/fake_resolver.h"

int main() {
  using namespace cambium;
  const auto path = std::filesystem::temp_directory_path() / "cambium-plan-bench.toml";
  std::ofstream(path)
      << "[study]\nseeds = [0, 1, 2, 3, 4]\n"
         "[stage.base]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"a\" }\nstrategy = \"scratch\"\n"
         "[stage.transfer]\ninit = \"base\"\ndata = { plugin = \"toy\", root = \"b\" }\n[stage.transfer.grid]\n"
         "strategy = [\"copy\", { plugin = \"cut\", cut = 1 }]\n"
         "\"train.lr\" = { log = [1e-4, 1e-1], num = 100 }\n\"train.weight_decay\" = { log = [1e-6, 1e-2], num = 20 }\n"
         "\"data.per_class\" = [1, 2, 3, 4, 5]\n";
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    Problems problems;
    test::FakeResolver resolver;
    const Study study = read_study(path, {}, problems);
    const auto plan = compile(study, resolver, ".", problems);
    const auto work = decide(*plan, {}, false);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("planning {} cells: {:.3f} s\n", work.size(), seconds);
  }
  std::filesystem::remove(path);
}
