#include <gmock/gmock.h>

#include "support.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

/// Event files that the database lost the rows of, as to a power cut.
class Recovery : public StoreTest {
 protected:
  Recovery() { store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g")})); }
  std::filesystem::path events(int number, int attempt) const {
    return event_file(store.files(), identity(number), attempt);
  }

  Store store{db(), Store::Mode::Write};
};

TEST_F(Recovery, TakesInAttemptsThatNobodyKnowsOf) {
  write(events(1, 1), started() + epoch(1, 1, R"("a":1)") + "{\"cut");
  write(events(1, 2), started() + finished(1, R"("test_accuracy":0.5)"));
  write(events(2, 1), "");
  write(events(9, 1), started());  // of a cell that no study here has
  write(store.files() / "events" / "notes.txt", "mine");
  store.recover();
  EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Done);
  EXPECT_EQ(store.statuses().at(identity(1)).attempts, 2);
  EXPECT_EQ(store.statuses().at(identity(2)).state, RunState::Interrupted);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM runs"), 3);
  EXPECT_EQ(real(store, "SELECT test_accuracy FROM cells WHERE position = 0"), 0.5);
  store.recover();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM runs"), 3);
}

TEST_F(Recovery, AnEventFileIsNotGivenToTwoAttempts) {
  write(events(1, 1), started());
  EXPECT_EQ(store.begin_run(identity(1)), 2);
  EXPECT_EQ(store.begin_run(identity(1)), 3);
  EXPECT_EQ(store.begin_run(identity(2)), 1);
}

TEST_F(Recovery, KeepsTheNoteOfAnAttempt) {
  write(events(1, 1), R"({"seq":0,"type":"started","time":1,"note":"the checkpoint is damaged: begun anew"})"
                      "\n");
  store.recover();
  EXPECT_THAT(text(store, "SELECT note FROM runs"), HasSubstr("damaged"));
}

}  // namespace
}  // namespace cambium::test
