#include <gmock/gmock.h>

#include <cstdlib>

#include "page/support.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

/// Through the program, on a terminal that `script` makes.
TEST_F(PageTest, WatchLeavesTheTerminalAsItWas) {
  if (std::system("command -v script > /dev/null") != 0) GTEST_SKIP() << "script (util-linux) is not installed";
  {
    Store store(db(), Store::Mode::Write);
    fill(store);
  }
  const std::string program = CAMBIUM_BUILD_DIR "/bin/cambium";
  const auto shell = [&](const std::string& command) {
    return std::system(fmt::format("cd '{}' && {}", folder.string(), command).c_str());
  };
  const std::string watched =
      fmt::format("stty cols 20 rows 5; timeout -s INT 1 {} watch --db x.db --every 0.2", program);
  shell(fmt::format("TERM=xterm script -qec '{}' typed.txt > /dev/null 2>&1 < /dev/null", watched));
  const std::string typed = read(folder / "typed.txt");
  const std::size_t begin = typed.find("\x1b[?1049h"), end = typed.rfind("\x1b[?25h\x1b[?1049l");
  ASSERT_NE(begin, std::string::npos) << typed;
  ASSERT_NE(end, std::string::npos) << "the cursor and the screen are given back";
  EXPECT_LT(begin, end);
  EXPECT_THAT(typed, HasSubstr("layers: 14 of 14 ce…")) << "20 columns";

  EXPECT_EQ(shell(program + " watch --db x.db > once.txt"), 0) << "no terminal: once";
  EXPECT_THAT(read(folder / "once.txt"), HasSubstr("layers: 14 of 14 cells done\n\nbest so far, test accuracy %\n"));
  EXPECT_EQ(read(folder / "once.txt").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace cambium::test
