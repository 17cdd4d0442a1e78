#include "running.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(Running, TrainsSourcesBeforeWhatStartsFromThemAndNothingTwice) {
  cell("good");
  cell("needs_source", 0);
  cell("needs_source", 1);
  EXPECT_EQ(run().done, 3);
  EXPECT_THAT(states(), ElementsAre("done", "done", "done"));
  EXPECT_EQ(worker_.starts(), 1) << "a worker takes one job after another";
  const RunOutcome again = run();
  EXPECT_EQ(again.already, 3);
  EXPECT_EQ(again.done, 0);
  EXPECT_EQ(worker_.starts(), 1);
}

TEST_F(Running, StartsNoMoreWorkersThanThereIsWork) {
  workers_ = 8;
  cell("good");
  cell("good");
  run();
  EXPECT_LE(worker_.starts(), 2);
}

TEST_F(Running, TrainsAgainWhatOthersStartFromOnceItsWeightsAreGone) {
  cell("good");
  run();
  std::filesystem::remove_all(store_.files() / "weights");
  EXPECT_EQ(run().done, 0) << "nobody needs them";
  cell("needs_source", 0);
  EXPECT_EQ(run().done, 2);
}

TEST_F(Running, AFailureIsItsOwnCellsAlone) {
  for (const char* how : {"dies", "throws", "fool", "fool_in_json", "liar", "good"}) cell(how);
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.failed, 5);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_THAT(states(), ElementsAre("failed", "failed", "failed", "failed", "failed", "done"));
  const auto error = [this](const std::string& how) {
    return text("SELECT error FROM failures WHERE arm = '" + how + "'");
  };
  EXPECT_EQ(error("dies"), "its worker was killed by signal 11 (Segmentation fault)");
  EXPECT_EQ(text("SELECT log FROM failures WHERE arm = 'dies'"), "last words");
  EXPECT_EQ(error("throws"), "no luck");
  EXPECT_THAT(error("fool"), HasSubstr("answered what is no answer: hello"));
  EXPECT_THAT(error("fool_in_json"), HasSubstr("answered what is no answer"));
  EXPECT_THAT(error("liar"), HasSubstr("said that it was done, and its event file does not"));
}

TEST_F(Running, WhatStartsFromAFailureIsSkippedAllTheWayDown) {
  cell("dies");
  cell("needs_source", 0);
  cell("needs_source", 1);
  cell("good");
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.skipped, 2);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_THAT(states(), ElementsAre("failed", "skipped", "skipped", "done"));
  EXPECT_THAT(text("SELECT error FROM cells WHERE position = 2"), HasSubstr("which failed: its worker was killed"));

  EXPECT_EQ(run().held, 3) << "not tried again unless asked to";
  std::ofstream(worker_.folder() / "worker.calm");
  const RunOutcome retried = run(true);
  EXPECT_EQ(retried.done, 3);
  EXPECT_EQ(retried.already, 1);
  EXPECT_THAT(states(), ElementsAre("done", "done", "done", "done"));
}

TEST_F(Running, AKilledCellIsTriedAgainUnasked) {
  cell("killed");
  EXPECT_EQ(run().failed, 1);
  EXPECT_EQ(text("SELECT kind FROM failures"), "machine");
  std::ofstream(worker_.folder() / "worker.calm");
  EXPECT_EQ(run().done, 1);
}

TEST_F(Running, WhatWasDoneAndNotPutOnRecordIsNotDoneAgain) {
  cell("good");
  run();
  // As after a power cut that took the rows, and not the files.
  Database(store_.path(), Database::Mode::Write).execute("DELETE FROM artifact; DELETE FROM summary; DELETE FROM run");
  EXPECT_EQ(states(), std::vector<std::string>{"pending"});
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.already, 1);
  EXPECT_EQ(outcome.done, 0);
  EXPECT_THAT(states(), ElementsAre("done"));
  EXPECT_EQ(worker_.starts(), 1);
}

TEST_F(Running, ACellThatIsKilledEachTimeIsTriedThreeTimesAndThenHeld) {
  cell("killed");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run().failed, 1);
  EXPECT_EQ(run().held, 1);
  EXPECT_EQ(run(true).failed, 1);
}

TEST_F(Running, WhatFailedIsTriedAgainOnceAPluginIsRebuilt) {
  cell("throws");
  EXPECT_EQ(run().failed, 1);
  EXPECT_EQ(run().held, 1);
  std::ofstream(worker_.folder() / "worker.calm");
  auto rebuilt = std::make_shared<Part>(*plan_.cells[0].strategy);
  rebuilt->library = "another";
  plan_.cells[0].strategy = rebuilt;
  EXPECT_EQ(run().done, 1);
}

TEST_F(Running, AWorkerThatCannotStartStopsTheRunInItsOwnWordsAndCellsStayPending) {
  cell("good");
  const FakeWorker broken("print('libjpeg.so.62: file too short', file=sys.stderr); sys.exit(127)");
  try {
    run();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::System);
    EXPECT_EQ(error.message(),
              "the worker ended with exit status 127 before it began; it printed last:\nlibjpeg.so.62: file too short");
  }
  EXPECT_THAT(states(), ElementsAre("pending"));
  EXPECT_EQ(text("SELECT count(*) || '' FROM runs"), "0");
}

TEST_F(Running, GoesOnWithFewerWorkersWhereNotAllCanStart) {
  workers_ = 2;
  for (int i = 0; i < 3; ++i) cell("slow");
  const FakeWorker second(
      std::string("if len(open(__file__ + '.starts').read()) > 1:\n    time.sleep(0.3)\n    sys.exit(1)\n") + kAnswer);
  EXPECT_EQ(run().done, 3);
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("one worker fewer: the worker ended with exit status 1")));
}

TEST_F(Running, ACellThatTakesTooLongFailsAndTheOthersGoOn) {
  cell("hangs");
  cell("good");
  options_.time_limit = 0.3;
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(text("SELECT kind FROM failures"), "time");
  EXPECT_THAT(text("SELECT error FROM failures"), HasSubstr("the time limit of 0.3 s and was ended at epoch 1"));
  EXPECT_EQ(run().held, 1);
}

TEST_F(Running, AWorkerThatHangsIsToldOfWithWhatItIsAt) {
  cell("hangs");
  options_.time_limit = 1;
  options_.patience = 0.2;
  run();
  EXPECT_THAT(notices_, ElementsAre(AllOf(HasSubstr("has done nothing for "), HasSubstr("at epoch 1"))));
}

TEST_F(Running, TrainsAgainWhatOthersStartFromOnceItsWeightsAreDamaged) {
  cell("good");
  run();
  const std::string weights = text("SELECT path FROM artifacts");
  std::ofstream(weights) << "21";
  cell("needs_source", 0);
  EXPECT_EQ(run().done, 2);
  EXPECT_EQ(text("SELECT attempts || '' FROM cells WHERE position = 0"), "2");
}

TEST_F(Running, WhereTheMachineCannotGoOnTheRunStopsAndNoCellFails) {
  cell("full");
  cell("good");
  try {
    run();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::System);
    EXPECT_EQ(error.message(), "no room");
    EXPECT_EQ(error.hint(), "make some");
  }
  EXPECT_THAT(states(), ElementsAre("interrupted", "pending"));
  std::ofstream(worker_.folder() / "worker.calm");
  EXPECT_EQ(run().done, 2);
}

}  // namespace
}  // namespace cambium::test
