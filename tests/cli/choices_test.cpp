#include <gmock/gmock.h>

#include "program.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSweep = R"([study]
name = "sweep"
seeds = [0, 1]
baseline = "from_scratch"
allow = ["finetune-rate"]

[stage.pretrain]
backbone = { plugin = "mlp", hidden = [8] }
data     = { plugin = "shapes", family = "a", train_per_class = 8, test_per_class = 4 }
strategy = "from_scratch"
train    = { epochs = 2, batch = 16, lr = 0.02 }

[stage.transfer]
init     = "pretrain"
data     = { plugin = "shapes", family = "b", train_per_class = 8, test_per_class = 4, validation = 0.25 }
train    = { epochs = 2, batch = 8 }
measures = ["ece"]

[stage.transfer.grid]
strategy   = ["full_finetuning", "from_scratch"]
"train.lr" = [0.001, 0.05]
)";
const std::string kSelect = "[stage.transfer.select]\nover = [\"train.lr\"]\nby = \"val_accuracy\"\n";

class Choosing : public CliTest {};

TEST_F(Choosing, TablesShowThePointThatValidationChose) {
  write("study.toml", kSweep + kSelect);
  const Ended ended = run({"run", "study.toml", "--workers", "2"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, Not(HasSubstr("nothing says how one is chosen")));
  EXPECT_THAT(ended.out, AllOf(HasSubstr("chosen on validation images"), HasSubstr("the best of 2 by val_accuracy")));

  // By hand: of each strategy the rate with the better mean over its seeds.
  const Json means = rows(
      "SELECT c.strategy AS strategy, c.arm AS arm, avg(r.val_accuracy) AS val, avg(r.test_accuracy) AS test FROM "
      "cells AS c JOIN "
      "runs AS r USING (study, stage, cell) WHERE c.stage = 'transfer' GROUP BY c.arm ORDER BY c.strategy, val DESC, "
      "min(c.position)");
  ASSERT_EQ(means.size(), 4u);
  const Json board = rows("SELECT arm, mean, tried FROM leaderboard WHERE stage = 'transfer' ORDER BY strategy");
  ASSERT_EQ(board.size(), 2u);
  for (const std::size_t arm : {0, 1}) {
    EXPECT_EQ(board[arm]["arm"], means[2 * arm]["arm"]);
    EXPECT_DOUBLE_EQ(board[arm]["mean"].get<double>(), means[2 * arm]["test"].get<double>());
    EXPECT_EQ(board[arm]["tried"], 2);
  }
  EXPECT_EQ(Json::parse(run({"leaderboard", "sweep", "--format", "json"}).out).size(), 3u);
  EXPECT_EQ(Json::parse(run({"leaderboard", "sweep", "--all", "--format", "json"}).out).size(), 5u);
  EXPECT_EQ(Json::parse(run({"compare", "sweep", "--format", "json"}).out).size(), 1u);
  EXPECT_THAT(run({"compare", "sweep", "--all"}).out, HasSubstr("not chosen"));
}

TEST_F(Choosing, AnyMetricIsComparedAndAnUnknownOneIsRefused) {
  write("study.toml", kSweep + kSelect);
  ASSERT_EQ(run({"run", "study.toml", "--workers", "2"}).status, 0);
  EXPECT_THAT(run({"compare", "sweep", "--metric", "test_loss"}).out, HasSubstr("in test loss (lower is better)"));
  EXPECT_THAT(run({"leaderboard", "sweep", "--metric", "ece"}).out, ContainsRegex("ece % .lower is better."));
  const Ended unknown = run({"compare", "sweep", "--metric", "test_los"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("did you mean \"test_loss\"?"), HasSubstr(" ece, ")));
  EXPECT_EQ(run({"leaderboard", "sweep", "--metric", "nonsense"}).status, 2);
}

TEST_F(Choosing, AChoiceWithoutValidationImagesIsRefusedWithItsPlace) {
  write("study.toml", kSweep + kSelect);
  const Ended ended = run({"check", "study.toml", "--set", "stage.transfer.data.validation=0"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, AllOf(ContainsRegex("study.toml:2[0-9]:1: error: stage transfer chooses by val_accuracy"),
                               HasSubstr("validation = 0.1")));
}

TEST_F(Choosing, AGridOfRatesWithoutAChoiceIsWarnedOf) {
  write("study.toml", kSweep);
  const Ended ended = run({"check", "study.toml"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.err,
              AllOf(HasSubstr("warning: arms of stage transfer have up to 2 points that differ in train.lr alone"),
                    HasSubstr("[stage.transfer.select]")));
  EXPECT_THAT(run({"check", "study.toml", "--set", "stage.transfer.allow=[\"best-of-n\"]"}).err,
              Not(HasSubstr("points that differ")));
}

}  // namespace
}  // namespace cambium::test
