#include <gmock/gmock.h>

#include "program.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kParts = R"(
backbone = { plugin = "mlp", hidden = [8] }
data     = { plugin = "shapes", train_per_class = 2, test_per_class = 1 }
train    = { epochs = 2, batch = 8 }
)";

class Failures : public CliTest {
 protected:
  /// The failure of the cell whose arm's name ends in `arm`.
  Json failure(const std::string& arm) {
    const Json found = rows("SELECT kind, error, hint, log, attempt FROM failures WHERE arm LIKE '%" + arm + "'");
    EXPECT_EQ(found.size(), 1u) << arm;
    return found.empty() ? Json::object() : found[0];
  }
};

TEST_F(Failures, AWorkerThatDiesOrThrowsFailsThatRunAloneAndSaysHow) {
  write("study.toml", "[stage.one]" + kParts +
                          "strategy = { plugin = \"troubled\", epoch = 2 }\n[stage.one.grid]\n\"strategy.trouble\" = "
                          "[\"throw\", \"throw_a_number\", \"exit\", \"abort\", \"crash\", \"nothing\"]\n");
  const Ended ended = run({"run", "study.toml", "--workers", "1"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.out, AllOf(HasSubstr("1 cell trained"), HasSubstr("5 cells failed:"), HasSubstr("--retry-failed")));
  EXPECT_EQ(value("SELECT state FROM cells WHERE arm LIKE '%nothing%'"), "done");

  const Json crash = failure("crash");
  EXPECT_EQ(crash["kind"], "plugin");
  EXPECT_EQ(crash["error"], "its worker was killed by signal 11 (Segmentation fault)");
  EXPECT_EQ(crash["log"], "about to crash");
  EXPECT_THAT(std::string(failure("abort")["error"]), HasSubstr("signal 6 (Aborted)"));
  EXPECT_EQ(failure("exit")["error"], "its worker ended with exit status 3");
  EXPECT_EQ(failure("exit")["log"], "about to exit");
  EXPECT_EQ(failure("=throw")["error"], "no luck today");
  EXPECT_EQ(failure("=throw")["kind"], "plugin");
  EXPECT_THAT(std::string(failure("throw_a_number")["error"]), HasSubstr("threw something that is no exception"));
  EXPECT_EQ(value("SELECT count(*) FROM curves WHERE metric = 'train_loss' AND arm LIKE '%crash%'"), 1)
      << "the epoch before stays";
}

TEST_F(Failures, WhatStartsFromAFailedCellIsSkippedAndRetriedWithIt) {
  write("study.toml", "[stage.bad]" + kParts +
                          "strategy = { plugin = \"troubled\", trouble = \"crash\" }\n[stage.good]" + kParts +
                          "strategy = \"from_scratch\"\n[stage.after_bad]" + kParts +
                          "init = \"bad\"\nstrategy = \"full_finetuning\"\n[stage.last]" + kParts +
                          "init = \"after_bad\"\nstrategy = \"full_finetuning\"\n");
  const Ended first = run({"run", "study.toml", "--workers", "1"});
  EXPECT_EQ(first.status, 1);
  EXPECT_THAT(first.err,
              AllOf(HasSubstr("failed: its worker was killed by signal 11"), HasSubstr("skipped: starts from")));
  const auto state = [this](const std::string& stage) {
    return std::string(value("SELECT state FROM cells WHERE stage = '" + stage + "'"));
  };
  EXPECT_EQ(state("bad"), "failed");
  EXPECT_EQ(state("good"), "done");
  EXPECT_EQ(state("after_bad"), "skipped");
  EXPECT_EQ(state("last"), "skipped");
  const std::string bad = value("SELECT cell FROM cells WHERE stage = 'bad'");
  EXPECT_EQ(value("SELECT error FROM cells WHERE stage = 'after_bad'"),
            "starts from cell " + bad + ", which failed: its worker was killed by signal 11 (Segmentation fault)");

  const Ended held = run({"run", "study.toml"});
  EXPECT_EQ(held.status, 1);
  EXPECT_THAT(held.out, AllOf(HasSubstr("held back"), HasSubstr("--retry-failed")));
  EXPECT_EQ(value("SELECT count(*) FROM runs WHERE attempt IS NOT NULL"), 2) << "nothing was tried again";

  EXPECT_THAT(run({"plan", "study.toml", "--retry-failed"}).out, HasSubstr("failed before; tried again"));
  environment["CAMBIUM_TEST_CALM"] = "1";
  const Ended retried = run({"run", "study.toml", "--retry-failed"});
  EXPECT_EQ(retried.status, 0) << retried.err;
  EXPECT_THAT(retried.out, HasSubstr("3 cells trained"));
  EXPECT_EQ(value("SELECT count(*) FROM runs"), 5);
  EXPECT_EQ(value("SELECT count(*) FROM cells WHERE state = 'done'"), 4);
}

TEST_F(Failures, ALossThatIsNoNumberFailsTheRunAndKeepsItsCurve) {
  write("study.toml", "[stage.one]" + kParts + "strategy = \"from_scratch\"\n");
  const Ended ended =
      run({"run", "study.toml", "--set", "stage.one.train.lr=1000", "--set", "stage.one.train.epochs=9"});
  EXPECT_EQ(ended.status, 1);
  const Json told = failure("");
  EXPECT_EQ(told["kind"], "diverged");
  EXPECT_THAT(std::string(told["error"]), AllOf(HasSubstr("the loss became "), HasSubstr(" in epoch ")));
  EXPECT_THAT(std::string(told["hint"]), HasSubstr("train.lr"));
  EXPECT_GE(value("SELECT count(*) FROM curves WHERE metric = 'train_loss'"), 1);
  EXPECT_EQ(value("SELECT test_accuracy FROM cells"), nullptr);
  EXPECT_EQ(value("SELECT n || ' ' || missing FROM leaderboard"), "0 1") << "missing, and not a blank";
}

TEST_F(Failures, DataThatFailsWhenItIsReadFailsItsRunAlone) {
  write("study.toml",
        "[stage.one]\nbackbone = \"mlp\"\ndata = \"sick\"\nstrategy = \"from_scratch\"\ntrain = { epochs = 1 }\n"
        "[stage.one.grid]\n\"data.reading\" = [\"throw\", \"crash\", \"nothing\"]\n");
  const Ended ended = run({"run", "study.toml", "--workers", "1"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(failure("=throw")["error"], "no luck today");
  EXPECT_EQ(failure("crash")["kind"], "plugin");
  EXPECT_EQ(value("SELECT state FROM cells WHERE arm LIKE '%nothing%'"), "done");
  EXPECT_THAT(ended.err, AllOf(Not(HasSubstr("Exception raised")), Not(HasSubstr("frame #"))));
}

}  // namespace
}  // namespace cambium::test
