#include "study/report_words.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study/study.h"
#include "support/temporary_folder.h"

namespace cambium {
namespace {

using ::testing::ElementsAre;

TEST(Report, WhatIsWrongWithItIsToldWithItsPlaceAndAWayOut) {
  test::TemporaryFolder folder;
  Problems problems;
  const auto path = folder.write("s.toml", R"([study]
name = "s"
[report]
titel = "x"
text = 3
figures = ["cost", "curvs", 4]
without = "cost"
[stage.a]
backbone = "lenet5"
)");
  const Study study = read_study(path, {}, problems);
  std::vector<std::string> told;
  for (const Problem& problem : problems.sorted())
    told.push_back(
        fmt::format("{}:{}: {} | {}", problem.place.line, problem.place.column, problem.message, problem.hint));
  EXPECT_THAT(told,
              ElementsAre("4:1: [report] has no key titel | did you mean title?",
                          "5:8: text is the integer 3, not a text | write text = \"...\"",
                          "6:20: there is no figure \"curvs\" | did you mean \"curves\"?",
                          ::testing::StartsWith("6:29: there is no figure called by the integer 4 | the figures are "),
                          ::testing::StartsWith("7:11: without is the string \"cost\", not a list of figures")));
  EXPECT_EQ(study.report.title, "x") << "what is meant is read, so that no other error comes of it";
  EXPECT_THAT(study.report.figures, ElementsAre("cost"));
}

TEST(Report, WordsOfAStoredStudyAreThoseOfItsFirstFileThenOfWhatItIncludes) {
  const std::string text =
      "# file: a.toml\n# Why?\n#\n#   Because.\n[study]\ndescription = \"d\"\n[report]\ntitle = \"outer\"\n"
      "# file: base.toml\n[report]\ntitle = \"inner\"\nmetric = \"test_loss\"\n# --set study.seeds=[0]\n";
  const ReportWords words = report_words(text);
  EXPECT_EQ(words.title, "outer");
  EXPECT_EQ(words.metric, "test_loss");
  EXPECT_EQ(words.description, "d");
  EXPECT_EQ(header_comment(text), "Why?\n\nBecause.\n");
  EXPECT_EQ(report_words("").title, "");
  EXPECT_EQ(header_comment("no file"), "");
}

}  // namespace
}  // namespace cambium
