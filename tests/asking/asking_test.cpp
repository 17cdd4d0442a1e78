#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/command_line.h"
#include "cli/output.h"
#include "page/support.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// What a verb prints, and what it tells on standard error.
class Asking : public PageTest {
 protected:
  int run(std::vector<std::string> words) {
    words.insert(words.begin(), "cambium");
    if (words[1] != "explain") words.insert(words.end(), {"--db", db().string()});
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    int status = 0;
    try {
      status = run_command_line(int(pointers.size()), pointers.data());
    } catch (...) {
      status = tell_exception();
    }
    out = ::testing::internal::GetCapturedStdout();
    err = ::testing::internal::GetCapturedStderr();
    return status;
  }
  std::string out, err;
};

TEST_F(Asking, EveryQueryThatComesWithItRuns) {
  {
    Store store(db(), Store::Mode::Write);
    fill(store);
  }
  ASSERT_EQ(run({"query", "--list", "--format", "json"}), 0) << err;
  const auto queries = nlohmann::json::parse(out);
  EXPECT_GE(queries.size(), 12u);
  for (const auto& query : queries) {
    std::vector<std::string> words = {"query", "--named", query["query"], "--format", "json"};
    const std::string takes = query["takes"];
    EXPECT_FALSE(query["tells"].get<std::string>().empty()) << query;
    if (takes.find("study=") != std::string::npos) words.push_back("study=layers");
    if (takes.find("key=") != std::string::npos) words.push_back("key=strategy.cut");
    if (takes.find("baseline=") != std::string::npos) words.push_back("baseline=base");
    ASSERT_EQ(run(words), 0) << query << err;
    const auto quiet = query["query"] == "failures" || query["query"] == "missing";
    EXPECT_EQ(nlohmann::json::parse(out).empty(), quiet) << query << out;
  }
}

TEST_F(Asking, ANamedQueryIsToldItsValuesAndSaysWhatItLacks) {
  {
    Store store(db(), Store::Mode::Write);
    fill(store);
  }
  write(folder / "queries/mine.sql",
        "-- What I ask.\n-- k = 2: how many\n-- who: whose\nSELECT :who AS who, ':no' AS no, :k AS k -- :nor\n");
  ASSERT_EQ(run({"query", "--named", "mine", "who=it's me", "--format", "csv"}), 0) << err;
  EXPECT_EQ(out, "who,no,k\nit's me,:no,2\n");
  EXPECT_EQ(run({"query", "--named", "mine"}), 2);
  EXPECT_THAT(err, HasSubstr("query mine is not told its who\n    add who=...; it takes k=2, who=..."));
  EXPECT_EQ(run({"query", "--named", "mine", "whom=x"}), 2);
  EXPECT_THAT(err, HasSubstr("did you mean who?"));
  EXPECT_EQ(run({"query", "--named", "mien"}), 2);
  EXPECT_THAT(err, HasSubstr("did you mean \"mine\"?"));
  EXPECT_EQ(run({"query"}), 2);
  write(folder / "queries/bad.sql", "-- Writes.\nDELETE FROM run\n");
  EXPECT_NE(run({"query", "--named", "bad"}), 0) << "a query that writes";
}

TEST_F(Asking, TwoArmsArePairedAsTheViewPairsThem) {
  Store store(db(), Store::Mode::Write);
  fill(store);
  const Table view = store.query(
      "SELECT 100 * mean_difference, 100 * lo95, 100 * hi95 FROM paired WHERE baseline = 'base' AND arm = 'random, "
      "cut=1'");
  ASSERT_EQ(run({"compare", "layers/random, cut=1", "layers/base", "--format", "json"}), 0) << err;
  const auto row = nlohmann::json::parse(out)[0];
  EXPECT_EQ(row["pairs"], 2);
  EXPECT_NEAR(row["difference"], std::get<double>(view.rows[0][0]), 1e-9);
  EXPECT_NEAR(row["from"], std::get<double>(view.rows[0][1]), 1e-4);
  EXPECT_NEAR(row["to"], std::get<double>(view.rows[0][2]), 1e-4);
}

TEST_F(Asking, TwoStudiesAreComparedArmByArmAndTwoCellsBySettings) {
  {
    Store store(db(), Store::Mode::Write);
    fill(store);
    fill(store, "again");
  }
  ASSERT_EQ(run({"compare", "layers", "again"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("AnB, cut=3"));
  EXPECT_THAT(out, HasSubstr("Their settings are alike."));
  ASSERT_EQ(run({"compare", "00000001", "00000002"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("test_accuracy"));
  EXPECT_THAT(out, HasSubstr("train.width  1    2"));
  EXPECT_THAT(out, Not(HasSubstr("train.lr")));
  EXPECT_EQ(run({"compare", "layers", "agin"}), 2);
  EXPECT_THAT(err, HasSubstr("did you mean \"again\"?"));
  EXPECT_EQ(run({"compare", "layers", "layers/base"}), 2);
  EXPECT_EQ(run({"compare", "layers/base", "layers/bse"}), 2);
  EXPECT_THAT(err, HasSubstr("has no arm \"bse\""));
}

TEST_F(Asking, TheBestOfEachGroupComeFirst) {
  {
    Store store(db(), Store::Mode::Write);
    fill(store);
  }
  ASSERT_EQ(run({"leaderboard", "layers", "--by", "stage", "--top", "1", "--format", "json"}), 0) << err;
  const auto rows = nlohmann::json::parse(out);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1]["arm"], "AnB, cut=1");
  EXPECT_EQ(run({"leaderboard", "layers", "--by", "train.lr", "--top", "3"}), 0) << err;
  EXPECT_EQ(run({"leaderboard", "layers", "--by", "train.rl"}), 2);
  EXPECT_THAT(err, HasSubstr("did you mean \"train.lr\"?"));
}

TEST_F(Asking, ForAPaperTheBestIsBoldAndWhatMeansSomethingIsEscaped) {
  {
    Store store(db(), Store::Mode::Write);
    fill(store, "layers", "A_n&B");
  }
  ASSERT_EQ(run({"leaderboard", "layers", "--format", "latex"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("\\toprule\nstage & arm & test accuracy \\% \\\\\n"));
  EXPECT_THAT(out, HasSubstr("transfer & A\\_n\\&B, cut=1 & \\textbf{82.95 $\\pm$ 13.34} \\\\"));
  EXPECT_THAT(out, HasSubstr("\\bottomrule\n\\end{tabular}\n"));
  ASSERT_EQ(run({"leaderboard", "layers", "--format", "markdown", "--spread", "interval"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("| transfer | A\\_n&amp;B, cut=1 | **82.95 \\[69.61, 96.29]** |"));
  EXPECT_EQ(run({"leaderboard", "layers", "--format", "html"}), 2);
  EXPECT_THAT(err, HasSubstr("take table, csv, json, markdown or latex"));
}

TEST_F(Asking, ShowTellsWhatACellStartsFromAndWhatStartsFromIt) {
  {
    Store store(db(), Store::Mode::Write);
    StudyRecord record{"chain", "c.toml", "", {}, {}};
    for (int i = 1; i <= 3; ++i) {
      add(record, i, 0, "s" + std::to_string(i), "arm" + std::to_string(i), "{}", "arm" + std::to_string(i));
      if (i > 1) record.cells.back().source = identity(i - 1);
    }
    store.put_study(record);
  }
  ASSERT_EQ(run({"show", "00000002", "--format", "json"}), 0) << err;
  const auto lineage = nlohmann::json::parse(out)["lineage"];
  ASSERT_EQ(lineage.size(), 2u);
  EXPECT_EQ(lineage[0]["relation"], "starts from");
  EXPECT_EQ(lineage[0]["arm"], "arm1");
  EXPECT_EQ(lineage[1]["relation"], "is started from by");
  EXPECT_EQ(lineage[1]["arm"], "arm3");
}

TEST_F(Asking, ExplainTellsTheLineTheIncludeOrTheSet) {
  write(folder / "base.toml", "[stage.a]\nbackbone = \"lenet5\"\ntrain = { lr = 0.1, epochs = 3 }\n");
  write(folder / "s.toml",
        "include = \"base.toml\"\n[stage.a.train]\nepochs = 9\n[stage.a.grid]\n\"data.per_class\" = [1, 2]\n");
  const std::string file = (folder / "s.toml").string();
  ASSERT_EQ(run({"explain", file, "train.lr", "--format", "csv"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("a,0.1,value," + (folder / "base.toml").string() + ":3:16"));
  ASSERT_EQ(run({"explain", file, "stage.a.train.epochs", "--format", "csv"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("a,9,value," + file + ":3:10"));
  ASSERT_EQ(run({"explain", file, "data.per_class", "--format", "csv"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("a,\"[1, 2]\",axis," + file + ":5:20"));
  ASSERT_EQ(run({"explain", file, "train.lr", "--set", "stage.a.train.lr=0.5", "--format", "csv"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("a,0.5,value,--set stage.a.train.lr=0.5"));
  EXPECT_EQ(run({"explain", file, "train.epoch"}), 2);
  EXPECT_THAT(err, HasSubstr("did you mean train.epochs?"));
  EXPECT_EQ(run({"explain", (folder / "none.toml").string(), "train.lr"}), 2);
}

}  // namespace
}  // namespace cambium::test
