#include "report/text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cambium {
namespace {

TEST(Text, CountsColumnsAsATerminalDoes) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("±é"), 2u);
  EXPECT_EQ(display_width("한국"), 4u);
  EXPECT_EQ(display_width("🌱"), 2u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width("\xff\xfe"), 2u) << "bytes that are no text still take their place";
  EXPECT_EQ(display_width("a\xe6\x97"), 2u) << "cut short";
}

TEST(Text, ShortensToAWidthAtMost) {
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("abcd", 3), "ab…");
  EXPECT_EQ(shorten("日本語", 5), "日本…");
  EXPECT_EQ(shorten("日本語", 2), "…");
  EXPECT_EQ(shorten("abc", 0), "");
}

TEST(Text, SaysNumbersAndTimesAsPeopleDo) {
  EXPECT_EQ(thousands(0), "0");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(thousands(1000), "1,000");
  EXPECT_EQ(thousands(-1234567), "-1,234,567");
  EXPECT_EQ(counted(1, "cell"), "1 cell");
  EXPECT_EQ(counted(0, "cell"), "0 cells");
  EXPECT_EQ(counted(2000, "cell"), "2,000 cells");
  EXPECT_EQ(duration(0.123), "0.12 s");
  EXPECT_EQ(duration(9.996), "10.0 s");
  EXPECT_EQ(duration(59.96), "1 min 00 s");
  EXPECT_EQ(duration(250), "4 min 10 s");
  EXPECT_EQ(duration(3599.6), "1 h 00 min");
  EXPECT_EQ(duration(7500), "2 h 05 min");
  EXPECT_EQ(duration(std::nan("")), "?");
}

}  // namespace
}  // namespace cambium
