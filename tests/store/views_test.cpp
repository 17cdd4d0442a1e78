#include <gmock/gmock.h>

#include <cmath>

#include "store/quantile.h"
#include "support.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Views : public StoreTest {
 protected:
  Store store{db(), Store::Mode::Write};
};

TEST(Quantile, IsAsPublished) {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2; the second and third have closed forms.
  EXPECT_NEAR(t975(1), 12.7062047, 1e-6);
  EXPECT_NEAR(t975(1), std::tan(std::acos(-1.0) * 0.475), 1e-9);
  EXPECT_NEAR(t975(2), 0.95 / std::sqrt(2 * 0.975 * 0.025), 1e-12);
  EXPECT_NEAR(t975(4), 2.776445, 1e-6);
  EXPECT_NEAR(t975(30), 2.042272, 1e-6);
  EXPECT_NEAR(t975(1000), 1.962339, 1e-6);
}

TEST_F(Views, HaveTheQuantilesInATable) {
  EXPECT_EQ(integer(store, "SELECT count(*) FROM t_quantile"), kLargestTabledDf);
  EXPECT_NEAR(real(store, "SELECT t975 FROM t_quantile WHERE df = 4"), 2.776445, 1e-6);
}

TEST_F(Views, LeaderboardIsAsByHand) {
  store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g"), cell(3, 2, "g"), cell(4, 0, "h", "full")}));
  finish(store, identity(1), folder, 0.5);
  finish(store, identity(2), folder, 0.6);
  finish(store, identity(3), folder, 0.9);
  finish(store, identity(4), folder, 0.25);
  // mean 2/3; deviations -1/6, -1/15, 7/30: squares sum to 13/150; sd = sqrt(13/300); t(2) = 4.302653.
  const Table board = store.query("SELECT * FROM leaderboard ORDER BY strategy DESC");
  EXPECT_EQ(std::vector<std::string>(board.columns.begin(), board.columns.begin() + 14),
            (std::vector<std::string>{"study", "stage", "strategy", "arm", "axes", "n", "missing", "mean", "sd", "lo95",
                                      "hi95", "trainable", "total", "seconds"}));
  ASSERT_EQ(board.rows.size(), 2U);
  const auto& three = board.rows[0];
  EXPECT_EQ(three[2], Field("scratch"));
  EXPECT_EQ(three[5], Field(3));
  EXPECT_EQ(three[6], Field(0));
  const double sd = std::sqrt(13.0 / 300), half = 4.302652729749464 * sd / std::sqrt(3.0);
  EXPECT_NEAR(std::get<double>(three[7]), 2.0 / 3, 1e-12);
  EXPECT_NEAR(std::get<double>(three[8]), sd, 1e-12);
  EXPECT_NEAR(std::get<double>(three[9]), 2.0 / 3 - half, 1e-9);
  EXPECT_NEAR(std::get<double>(three[10]), 2.0 / 3 + half, 1e-9);
  EXPECT_EQ(three[11], Field(10));
  EXPECT_EQ(three[12], Field(100));
  EXPECT_EQ(three[13], Field(7.5));
  const auto& one = board.rows[1];
  EXPECT_EQ(one[5], Field(1));
  EXPECT_EQ(one[7], Field(0.25));
  EXPECT_THAT((std::vector<Field>{one[8], one[9], one[10]}), ElementsAre(Field(), Field(), Field()));
}

TEST_F(Views, LeaderboardOfEqualValuesHasNoSpread) {
  store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g"), cell(3, 2, "g")}));
  for (int i = 1; i <= 3; ++i) finish(store, identity(i), folder, 0.1);
  EXPECT_NEAR(real(store, "SELECT sd FROM leaderboard"), 0, 1e-16);
}

TEST_F(Views, LeaderboardCountsWhatIsMissing) {
  store.put_study(study(
      {cell(1, 0, "g"), cell(2, 1, "g"), cell(3, 2, "g"), cell(4, 3, "g"), cell(5, 4, "g"), cell(6, 0, "empty")}));
  finish(store, identity(1), folder, 0.5);
  store.end_run(identity(2), store.begin_run(identity(2)), RunState::Failed, FailureKind::Plugin, "SIGSEGV", "log");
  store.skip(identity(3), "no base");
  // Done, but with a test accuracy that is no number: no result either.
  store.begin_run(identity(4));
  write(folder / "nan.jsonl", started() + finished(1, R"("test_accuracy":"nan")"));
  store.ingest(identity(4), 1, folder / "nan.jsonl");
  EXPECT_THAT(store.query("SELECT n, missing, mean FROM leaderboard ORDER BY n DESC").rows,
              ElementsAre(ElementsAre(Field(1), Field(4), Field(0.5)), ElementsAre(Field(0), Field(1), Field())));
}

TEST_F(Views, LeaderboardKeepsAResultWhileItsCellRunsAgain) {
  store.put_study(study({cell(1, 0, "g")}));
  finish(store, identity(1), folder, 0.5);
  store.begin_run(identity(1));
  EXPECT_THAT(store.query("SELECT n, mean FROM leaderboard").rows, ElementsAre(ElementsAre(Field(1), Field(0.5))));
  EXPECT_EQ(text(store, "SELECT state FROM cells"), "running");
}

TEST_F(Views, LeaderboardIsOverSeedsAndReplicates) {
  StudyRecord record = study({cell(1, 0, "g"), cell(2, 1, "g"), cell(3, 0, "g"), cell(4, 1, "g")});
  for (std::size_t i = 0; i < 4; ++i) {
    record.cells[i].group = i < 2 ? "a" : "b";  // replicates have identities of their own
    record.entries[i].replicate = i < 2 ? R"({"data.half":"A"})" : R"({"data.half":"B"})";
  }
  store.put_study(record);
  for (int i = 1; i <= 4; ++i) finish(store, identity(i), folder, 0.1 * i);
  const Table board = store.query("SELECT n, missing, mean FROM leaderboard");
  ASSERT_EQ(board.rows.size(), 1U);
  EXPECT_EQ(board.rows[0][0], Field(4));
  EXPECT_EQ(board.rows[0][1], Field(0));
  EXPECT_NEAR(std::get<double>(board.rows[0][2]), 0.25, 1e-12);
  EXPECT_EQ(text(store, "SELECT group_concat(json_extract(replicate, '$.\"data.half\"'), '') FROM cells"), "AABB");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM runs WHERE replicate = '{\"data.half\":\"B\"}'"), 2);
}

TEST_F(Views, AReplicateIsAsTheStudySaysNow) {
  StudyRecord record = study({cell(1, 0, "g")});
  store.put_study(record);
  EXPECT_EQ(text(store, "SELECT replicate FROM cells"), "{}");
  record.entries[0].replicate = R"({"data.split":3})";
  store.put_study(record);
  EXPECT_EQ(text(store, "SELECT replicate FROM cells"), R"({"data.split":3})");
}

TEST_F(Views, OnlyCurrentEntriesCount) {
  store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g")}));
  finish(store, identity(1), folder, 0.5);
  finish(store, identity(2), folder, 0.7);
  StudyRecord later = study({cell(2, 1, "g"), cell(3, 2, "g")});
  later.text = "another text";
  store.put_study(later);
  EXPECT_THAT(store.query("SELECT n, missing, mean FROM leaderboard").rows,
              ElementsAre(ElementsAre(Field(1), Field(1), Field(0.7))));
  EXPECT_THAT(store.query("SELECT seed, state FROM cells ORDER BY position").rows,
              ElementsAre(ElementsAre(Field(1), Field("done")), ElementsAre(Field(2), Field("pending"))));
  EXPECT_THAT(store.query("SELECT seed, current FROM runs ORDER BY seed").rows,
              ElementsAre(ElementsAre(Field(0), Field(0)), ElementsAre(Field(1), Field(1))));
  EXPECT_EQ(integer(store, "SELECT count(DISTINCT cell) FROM curves"), 1);
  EXPECT_THAT(store.query("SELECT study, cells, done, pending, revision, text FROM studies").rows,
              ElementsAre(ElementsAre(Field("s"), Field(2), Field(1), Field(1), Field(2), Field("another text"))));
  EXPECT_EQ(text(store, "SELECT text FROM study_revision WHERE revision = 1"), "text of s");
}

TEST_F(Views, EnteringAStudyAgainChangesNothing) {
  const StudyRecord record = study({cell(1, 0, "g"), cell(2, 1, "h")});
  store.put_study(record);
  store.put_study(record);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM cells"), 2);
  EXPECT_EQ(integer(store, "SELECT revision FROM studies"), 1);
}

TEST_F(Views, ACellOfTwoStudiesIsOneCell) {
  store.put_study(study({cell(1, 0, "g")}, "a"));
  store.put_study(study({cell(1, 0, "g")}, "b"));
  finish(store, identity(1), folder, 0.5);
  EXPECT_THAT(store.query("SELECT study, mean FROM leaderboard ORDER BY study").rows,
              ElementsAre(ElementsAre(Field("a"), Field(0.5)), ElementsAre(Field("b"), Field(0.5))));
  EXPECT_EQ(integer(store, "SELECT count(*) FROM cell"), 1);
}

TEST_F(Views, CellsShowTheirSourceInAnyOrder) {
  CellRecord transfer = cell(2, 0, "h");
  transfer.source = identity(1);
  store.put_study(study({transfer, cell(1, 0, "g")}));
  EXPECT_EQ(text(store, "SELECT source FROM cells WHERE source IS NOT NULL"), identity(1).substr(0, 12));
}

TEST_F(Views, RunsShowEveryAttemptAndSkips) {
  store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g")}));
  store.end_run(identity(1), store.begin_run(identity(1)), RunState::Failed, FailureKind::Machine, "killed", "");
  finish(store, identity(1), folder, 0.5);
  store.skip(identity(2), "its source failed");
  const Table runs = store.query("SELECT * FROM runs ORDER BY seed, attempt");
  EXPECT_EQ(
      std::vector<std::string>(runs.columns.begin(), runs.columns.begin() + 15),
      (std::vector<std::string>{"study", "stage", "cell", "run", "attempt", "state", "seed", "backbone", "dataset",
                                "strategy", "test_accuracy", "val_accuracy", "train_loss", "seconds", "error"}));
  EXPECT_THAT(store.query("SELECT cell, attempt, state, error, failure FROM runs ORDER BY seed, attempt").rows,
              ElementsAre(ElementsAre(Field(identity(1).substr(0, 12)), Field(1), Field("failed"), Field("killed"),
                                      Field("machine")),
                          ElementsAre(Field(identity(1).substr(0, 12)), Field(2), Field("done"), Field(), Field()),
                          ElementsAre(Field(identity(2).substr(0, 12)), Field(), Field("skipped"),
                                      Field("its source failed"), Field())));
  EXPECT_EQ(integer(store, "SELECT count(*) FROM failures"), 1);
}

TEST_F(Views, ParametersKeepTheirTypes) {
  store.put_study(study({cell(1, 0, "g")}));
  EXPECT_THAT(
      store.query("SELECT key, value FROM parameters ORDER BY key").rows,
      ElementsAre(ElementsAre(Field("train.epochs"), Field(2)), ElementsAre(Field("train.lr"), Field(0.01)),
                  ElementsAre(Field("train.nesterov"), Field(1)), ElementsAre(Field("train.optimizer"), Field("sgd"))));
  EXPECT_EQ(real(store, "SELECT json_extract(axes, '$.\"train.lr\"') FROM cells"), 0.01);
}

TEST_F(Views, OpenInAnySqliteTool) {
  store.put_study(study({cell(1, 0, "g")}));
  finish(store, identity(1), folder, 0.5);
  FILE* tool = popen(
      fmt::format("sqlite3 -readonly '{}' 'SELECT n, mean FROM leaderboard' 2>/dev/null", db().string()).c_str(), "r");
  ASSERT_NE(tool, nullptr);
  char answer[64] = {};
  const bool answered = fgets(answer, sizeof answer, tool) != nullptr;
  if (pclose(tool) != 0) GTEST_SKIP() << "the sqlite3 tool is not installed";
  EXPECT_TRUE(answered);
  EXPECT_STREQ(answer, "1|0.5\n");
}

}  // namespace
}  // namespace cambium::test
