#include <csignal>
#include <thread>

#include "running.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Jobs of several cells.
using Heads = Running;

TEST_F(Heads, AreTrainedInOneJobAWorker) {
  for (int i = 0; i < 5; ++i) head("good");
  EXPECT_EQ(run().done, 5);
  EXPECT_THAT(batches(), ElementsAre(5));
  EXPECT_EQ(text("SELECT count(*) || '' FROM artifacts"), "5");
  EXPECT_EQ(run().already, 5);

  for (int i = 0; i < 5; ++i) head("good");
  workers_ = 2;
  EXPECT_EQ(run().done, 5);
  EXPECT_EQ(batches().size(), 3U);
}

TEST_F(Heads, WithoutThePassEachIsAJob) {
  for (int i = 0; i < 3; ++i) head("good");
  options_.passes.without = {Pass::BatchHeads};
  EXPECT_EQ(run().done, 3);
  EXPECT_THAT(batches(), IsEmpty());
}

TEST_F(Heads, AMemberThatFailsTakesNoOtherWithIt) {
  for (const char* how : {"good", "throws", "good"}) head(how);
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.done, 2);
  EXPECT_THAT(states(), ElementsAre("done", "failed", "done"));
  EXPECT_EQ(text("SELECT error FROM failures"), "no luck");
}

TEST_F(Heads, OfAWorkerThatDiesTheMemberAtWorkIsToBlameAndThoseAfterItAreTrainedAllTheSame) {
  for (const char* how : {"good", "dies", "good", "good"}) head(how);
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.done, 3);
  EXPECT_THAT(states(), ElementsAre("done", "failed", "done", "done"));
  EXPECT_THAT(batches(), ElementsAre(4, 2));
  EXPECT_EQ(worker_.starts(), 2);
  EXPECT_EQ(text("SELECT max(attempts) || '' FROM cells"), "1") << "what had not begun was no attempt";
  EXPECT_EQ(text("SELECT log FROM failures"), "last words");
}

TEST_F(Heads, WhereAWorkerDiesBetweenTwoMembersNoneIsToBlame) {
  for (const char* how : {"ends", "good", "good"}) head(how);
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.failed, 0);
  EXPECT_EQ(outcome.done, 3);
  EXPECT_THAT(batches(), ElementsAre(3, 2));
}

TEST_F(Heads, AMemberOfWhichTheEventFileTellsNoEndFailsAloneWhateverTheAnswerSays) {
  for (const char* how : {"good", "liar", "good"}) head(how);
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.done, 2);
  EXPECT_THAT(text("SELECT error FROM failures"), HasSubstr("said that it was done, and its event file does not"));
}

TEST_F(Heads, WhatWaitsForAMemberBeginsBeforeTheJobEnds) {
  for (const char* how : {"good", "waits", "good", "good"}) head(how);
  cell("needs_source", 0);
  workers_ = 2;
  options_.time_limit = 10;
  EXPECT_EQ(run().done, 5);
}

TEST_F(Heads, TheTimeLimitIsAMembers) {
  for (const char* how : {"slow", "slow", "slow", "hangs", "good"}) head(how);
  options_.time_limit = 0.7;
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.done, 4);
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(text("SELECT kind FROM failures"), "time");
  EXPECT_THAT(states(), ElementsAre("done", "done", "done", "failed", "done"));
}

TEST_F(Heads, StoppedThoseThatEndedAreDoneTheOneAtWorkIsInterruptedAndTheRestIsAsItWas) {
  for (const char* how : {"good", "hangs", "good"}) head(how);
  const auto second = store_.files() / "events" / "0000000000000002-1.jsonl";
  std::thread stopper([&] {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // it is the coordinator's
    while (!std::filesystem::exists(second)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ::kill(::getpid(), SIGTERM);
  });
  const RunOutcome outcome = run();
  stopper.join();
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(outcome.interrupted, 1);
  EXPECT_THAT(states(), ElementsAre("done", "interrupted", "pending"));
  EXPECT_EQ(text("SELECT count(*) || '' FROM runs"), "2");
  calm();
  EXPECT_EQ(run().done, 2);
}

TEST_F(Heads, WhereTheMachineCannotGoOnNoMemberFails) {
  for (const char* how : {"good", "full", "good"}) head(how);
  EXPECT_THROW(run(), Error);
  EXPECT_THAT(states(), ElementsAre("done", "interrupted", "pending"));
  calm();
  EXPECT_EQ(run().done, 2);
}

TEST_F(Heads, AfterACoordinatorThatWasKilledMembersAreAsTheirEventFilesTell) {
  for (int i = 0; i < 3; ++i) head("good");
  run();
  // As if it had been killed with the first member on record, the second one told in its event file alone.
  Database database(store_.path(), Database::Mode::Write);
  database.execute(
      "DELETE FROM artifact WHERE run > 1; DELETE FROM summary WHERE run > 1; DELETE FROM run WHERE id > 1");
  std::filesystem::remove(store_.files() / "events" / "0000000000000003-1.jsonl");
  const RunOutcome outcome = run();
  EXPECT_EQ(outcome.already, 2);
  EXPECT_EQ(outcome.done, 1);
}

}  // namespace
}  // namespace cambium::test
