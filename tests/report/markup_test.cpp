#include <gtest/gtest.h>

#include "report/format.h"

namespace cambium {
namespace {

const Table kTable{{"a|b", "n_%"}, {{std::string("x*y"), 0.5}, {std::string("50% & {~^\\}"), Field()}}};

TEST(Markdown, IsAGitHubTableInWhichNothingIsMarkup) {
  EXPECT_EQ(to_markdown(kTable, {{0, 1}}),
            "| a\\|b | n\\_% |\n|---|--:|\n| x\\*y | **0.5** |\n| 50% &amp; {~^\\\\} | - |\n");
}

TEST(Latex, IsABooktabsTableInWhichNothingIsACommand) {
  EXPECT_EQ(
      to_latex(kTable, {{0, 0}}),
      "% \\usepackage{booktabs}\n\\begin{tabular}{lr}\n\\toprule\na|b & n\\_\\% \\\\\n\\midrule\n"
      "\\textbf{x*y} & 0.5 \\\\\n50\\% \\& \\{\\textasciitilde{}\\textasciicircum{}\\textbackslash{}\\} & - \\\\\n"
      "\\bottomrule\n\\end{tabular}\n");
}

}  // namespace
}  // namespace cambium
