#include <gtest/gtest.h>

#include <cstdlib>

#include "page/support.h"

namespace cambium::test {
namespace {

/// The blocks of ```python in docs/python.md, one after another; those that want a library that is missing left out.
std::string blocks(const std::function<bool(const std::string&)>& has) {
  const std::string page = read(std::filesystem::path(CAMBIUM_SOURCE_DIR) / "docs/python.md");
  std::string code;
  constexpr std::string_view kBegin = "```python\n", kEnd = "```\n";
  for (std::size_t at = 0; (at = page.find(kBegin, at)) != std::string::npos;) {
    at += kBegin.size();
    const std::size_t end = page.find(kEnd, at);
    const std::string block = page.substr(at, end - at);
    if (block.find("duckdb") == std::string::npos || has("duckdb")) code += block;
    at = end;
  }
  return code;
}

TEST_F(PageTest, TheLinesOfThePythonPageRun) {
  const auto has = [](const std::string& library) {
    return std::system(("python3 -c 'import " + library + "' 2> /dev/null").c_str()) == 0;
  };
  if (!has("pandas")) GTEST_SKIP() << "pandas is not installed";
  std::filesystem::create_directories(folder / "results");
  {
    Store store(folder / "results/cambium.db", Store::Mode::Write);
    fill(store);
  }
  write(folder / "page.py", blocks(has) +
                                "assert len(arms) == 7, arms\n"
                                "assert list(wide['base']) == [2.0, 1.0, 2.0 / 3, 0.5], wide\n"
                                "if 'best' in globals(): assert len(best) == 2, best\n");
  EXPECT_EQ(std::system(("cd '" + folder.string() + "' && python3 page.py").c_str()), 0);
}

}  // namespace
}  // namespace cambium::test
