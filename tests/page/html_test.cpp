#include "page/html.h"

#include <gtest/gtest.h>

namespace cambium::page {
namespace {

TEST(Html, NoTextEndsAnElementOrAnAttribute) {
  EXPECT_EQ(escaped("</script><b a=\"1\" b='2'>&"), "&lt;/script&gt;&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;");
  EXPECT_EQ(escaped("größer ≥ 🌱"), "größer ≥ 🌱");
}

TEST(Html, WhatIsNoUtf8IsShownAsThat) {
  EXPECT_EQ(escaped("a\xff"
                    "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(escaped("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "an overlong slash";
  EXPECT_EQ(escaped(std::string("\x1b[2J\0", 5)), "\xEF\xBF\xBD[2J\xEF\xBF\xBD");
  EXPECT_EQ(escaped("cut \xE2\x82"), "cut \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Html, JsonInAScriptCannotEndIt) {
  const Json json = {{"</script>", "<!-- \xff"}};
  const std::string text = script_json(json);
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(Json::parse(text).begin().key(), "</script>");
}

TEST(Html, Base64AsRfc4648HasIt) {
  const auto of = [](std::string_view text) {
    return base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foobar"), "Zm9vYmFy");
}

TEST(Html, TablesHaveNumbersToTheRightAndNothingAsADash) {
  const Table table{
      {"arm", "mean"},
      {{std::string("<a>"), 12.3456}, {std::string("b"), Field()}, {std::string("c"), std::int64_t{1234567}}}};
  const std::string html = html_table(table, "Arms");
  EXPECT_NE(html.find("<td>&lt;a&gt;</td><td class=n>12.35</td>"), std::string::npos) << html;
  EXPECT_NE(html.find("<td class=n>–</td>"), std::string::npos);
  EXPECT_NE(html.find("<td class=n>1,234,567</td>"), std::string::npos);
}

}  // namespace
}  // namespace cambium::page
