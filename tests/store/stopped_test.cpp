#include "store/stopped.h"

#include <gmock/gmock.h>

#include "support.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

/// Cell 1 has two epochs behind it and no coordinator, cell 2 has none of either.
class Stopped : public StoreTest {
 protected:
  Stopped() {
    Store store(db(), Store::Mode::Write);
    store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g")}));
    for (const int number : {1, 2}) store.begin_run(identity(number));
    const auto events = event_file(store.files(), identity(1), 1);
    write(events, started() + epoch(1, 1, R"("a":1)") + epoch(2, 2, R"("a":2)"));
    store.ingest(identity(1), 1, events);
  }
};

TEST_F(Stopped, IsWhatNobodyIsAtAnyMore) {
  const Store store(db(), Store::Mode::Read);
  for (const char* view : {"runs", "cells"}) {
    EXPECT_EQ(integer(store, fmt::format("SELECT count(*) FROM {} WHERE state = 'interrupted'", view)), 2) << view;
    EXPECT_THAT(text(store, fmt::format("SELECT error FROM {} WHERE position = 0", view)),
                HasSubstr("interrupted after epoch 2"));
    EXPECT_THAT(text(store, fmt::format("SELECT error FROM {} WHERE position = 1", view)),
                HasSubstr("interrupted before its first epoch ended"));
  }
  EXPECT_EQ(integer(store, "SELECT interrupted FROM studies"), 2);
  EXPECT_EQ(integer(store, "SELECT running FROM studies"), 0);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM curves"), 2);
  EXPECT_EQ(integer(store, "SELECT missing FROM leaderboard"), 2);
  EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Interrupted);
}

TEST_F(Stopped, IsNotWhatACoordinatorIsAt) {
  const StoreLock lock(db(), "s");
  const Store store(db(), Store::Mode::Read);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM runs WHERE state = 'running'"), 2);
  EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Running);
}

TEST_F(Stopped, IsToldAndNotWritten) {
  const std::string before = read(db());
  EXPECT_EQ(integer(Store(db(), Store::Mode::Read), "SELECT interrupted FROM studies"), 2);
  EXPECT_EQ(read(db()), before);
  Store store(db(), Store::Mode::Write);
  EXPECT_EQ(integer(store, "SELECT running FROM studies"), 2);
  store.recover();
  EXPECT_THAT(text(store, "SELECT error FROM runs WHERE position = 0"), HasSubstr("interrupted after epoch 2"));
}

TEST_F(Stopped, DoesNotOutrankDone) {
  Store store(db(), Store::Mode::Write);
  store.recover();
  finish(store, identity(1), folder, 0.5);
  const auto state = [&] { return text(store, "SELECT state || attempts FROM cells WHERE position = 0"); };
  const auto weights = [&] { return store.statuses().at(identity(1)).weights.size(); };
  EXPECT_EQ(state(), "done2");
  for (const FailureKind kind : {FailureKind::None, FailureKind::Machine}) {
    const std::int64_t attempt = store.begin_run(identity(1));
    store.end_run(identity(1), attempt, kind == FailureKind::None ? RunState::Interrupted : RunState::Failed, kind,
                  "stopped", "");
    EXPECT_EQ(state(), fmt::format("done{}", attempt));
    EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Done);
    EXPECT_EQ(store.statuses().at(identity(1)).attempts, attempt);
    EXPECT_EQ(weights(), 1u);
    EXPECT_EQ(real(store, "SELECT test_accuracy FROM cells WHERE position = 0"), 0.5);
    store.skip(identity(1), "its source is gone");
    EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Done);
  }
  const std::int64_t attempt = store.begin_run(identity(1));
  store.end_run(identity(1), attempt, RunState::Failed, FailureKind::Error, "no luck", "");
  EXPECT_EQ(state(), fmt::format("failed{}", attempt)) << "that is news";
  store.end_run(identity(1), store.begin_run(identity(1)), RunState::Interrupted, FailureKind::None, "stopped", "");
  EXPECT_EQ(state(), fmt::format("interrupted{}", attempt + 1));
  EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Interrupted);
}

}  // namespace
}  // namespace cambium::test
