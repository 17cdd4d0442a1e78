// Compiles the study given, from the file to what is to be done about each cell, against plugins that are made up.
#include <fmt/format.h>

#include <chrono>

#include "plan/compile.h"
#include "plan/fake_resolver.h"

int main(int argc, char** argv) {
  using namespace cambium;
  if (argc != 2) {
    fmt::print(stderr, "usage: plan_bench STUDY\n");
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  Problems problems;
  test::FakeResolver resolver;
  const Study study = read_study(argv[1], {}, problems);
  const auto plan = compile(study, resolver, ".", problems);
  const auto work = decide(*plan, {}, false);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("planning {} cells: {:.3f} s\n", work.size(), seconds);
}
