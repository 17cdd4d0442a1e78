#include "report/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace cambium {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Table column(std::vector<Field> values) {
  Table table{{"x"}, {}};
  for (Field& value : values) table.rows.push_back({std::move(value)});
  return table;
}

TEST(TableText, AlignsNumbersRightAndTextLeft) {
  const Table table{{"name", "n", "mean"},
                    {{"ab", std::int64_t{7}, 0.5}, {"c", std::int64_t{1234}, 0.125}, {"d", std::monostate(), 12.0}}};
  EXPECT_EQ(to_text(table),
            "name     n    mean\n"
            "ab       7   0.500\n"
            "c     1234   0.125\n"
            "d        -  12.000\n");
}

TEST(TableText, ShowsWhatIsNoNumberAndNull) {
  EXPECT_EQ(to_text(column({0.5, kNan, kInfinity, -kInfinity, std::monostate()})),
            "   x\n 0.5\n nan\n inf\n-inf\n   -\n");
}

TEST(TableText, KeepsSmallNumbersReadable) {
  EXPECT_EQ(to_text(column({1e-8, 0.5})), "    x\n1e-08\n  0.5\n");
  EXPECT_EQ(to_text(column({1234567.0, 0.5})), "        x\n1234567.0\n      0.5\n");
}

TEST(TableText, CountsWideAndCombiningCharactersByTheirColumns) {
  const Table table{{"name", "n"},
                    {{"日本", std::int64_t{1}}, {"e\u0301", std::int64_t{2}}, {"abcd", std::int64_t{3}}}};
  EXPECT_EQ(to_text(table), "name  n\n日本  1\ne\u0301     2\nabcd  3\n");
}

TEST(TableText, ShortensOnlyWhereItMust) {
  EXPECT_EQ(to_text(column({"abcdef"}), 4), "x\nabc…\n");
  EXPECT_EQ(to_text(column({"abcd"}), 4), "x\nabcd\n");
  EXPECT_EQ(to_text(column({"日本語"}), 4), "x\n日…\n");
}

TEST(TableText, ATextCanNeitherBreakTheTableNorCommandTheTerminal) {
  EXPECT_EQ(to_text(column({"a\nb\x1b[31m\tc"})), "x\na↵b?[31m c\n");
}

TEST(TableText, HasTitlesWithoutRows) { EXPECT_EQ(to_text(Table{{"a", "b"}, {}}), "a  b\n"); }

TEST(Csv, FollowsRfc4180) {
  const Table table{{"a", "b,c"}, {{"plain", "with, comma"}, {"a \"quote\"", "two\nlines"}}};
  EXPECT_EQ(to_csv(table), "a,\"b,c\"\nplain,\"with, comma\"\n\"a \"\"quote\"\"\",\"two\nlines\"\n");
}

TEST(Csv, TellsNullFromEmptyTextAndGivesDoublesInFull) {
  const Table table{{"a", "b", "c"}, {{std::monostate(), "", 0.1 + 0.2}}};
  EXPECT_EQ(to_csv(table), "a,b,c\n,\"\",0.30000000000000004\n");
  EXPECT_EQ(to_csv(column({kNan, kInfinity, -kInfinity, 1.0})), "x\nnan\ninf\n-inf\n1\n");
}

TEST(JsonText, IsReadBackAsItWas) {
  const Table table{{"t", "i", "d", "none"},
                    {{"a \"b\"\n日", std::numeric_limits<std::int64_t>::max(), 0.1 + 0.2, std::monostate()}}};
  const auto json = nlohmann::json::parse(to_json(table));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["t"], "a \"b\"\n日");
  EXPECT_EQ(json[0]["i"], std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(json[0]["d"].get<double>(), 0.1 + 0.2);
  EXPECT_TRUE(json[0]["none"].is_null());
}

TEST(JsonText, StaysJsonForWhatJsonLacks) {
  const auto json = nlohmann::json::parse(to_json(column({kNan, kInfinity, -kInfinity, "\xff broken"})));
  EXPECT_TRUE(json[0]["x"].is_null());
  EXPECT_EQ(json[1]["x"], "inf");
  EXPECT_EQ(json[2]["x"], "-inf");
  EXPECT_EQ(json[3]["x"], "\uFFFD broken");
}

TEST(JsonText, NumbersANameThatComesTwice) {
  const auto json = nlohmann::json::parse(to_json(Table{{"n", "n"}, {{std::int64_t{1}, std::int64_t{2}}}}));
  EXPECT_EQ(json[0]["n"], 1);
  EXPECT_EQ(json[0]["n_2"], 2);
  EXPECT_EQ(to_json(Table{{"n"}, {}}), "[]\n");
}

}  // namespace
}  // namespace cambium
