#include "store/store.h"

#include <gmock/gmock.h>

#include "support.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Stores : public StoreTest {
 protected:
  Stores() { store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g")})); }
  Store store{db(), Store::Mode::Write};
};

TEST_F(Stores, KnowNothingOfACellThatNeverRan) {
  const CellStatus status = store.statuses().at(identity(1));
  EXPECT_EQ(status.state, std::nullopt);
  EXPECT_EQ(status.attempts, 0);
}

TEST_F(Stores, TellTheNewestAttempt) {
  finish(store, identity(1), folder, 0.5);
  EXPECT_EQ(store.begin_run(identity(1)), 2);
  store.end_run(identity(1), 2, RunState::Failed, FailureKind::Plugin, "SIGSEGV", "log");
  const CellStatus status = store.statuses().at(identity(1));
  EXPECT_EQ(status.state, RunState::Failed);
  EXPECT_EQ(status.failure, FailureKind::Plugin);
  EXPECT_EQ(status.attempts, 2);
  EXPECT_EQ(status.error, "SIGSEGV");
  EXPECT_TRUE(status.weights.empty()) << "those are of the first attempt";
}

TEST_F(Stores, ForgetASkipOnceTheCellRuns) {
  store.skip(identity(1), "no base");
  store.skip(identity(1), "still no base");
  EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Skipped);
  EXPECT_EQ(store.statuses().at(identity(1)).error, "still no base");
  store.begin_run(identity(1));
  EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Running);
}

TEST_F(Stores, GroupWritesUpToCommit) {
  {
    Store other = std::move(store);
    other.begin();
    other.begin_run(identity(1));
    other.begin_run(identity(2));
    const Store reader(db(), Store::Mode::Read);
    EXPECT_EQ(integer(reader, "SELECT count(*) FROM runs"), 0);
    other.commit();
    EXPECT_EQ(integer(reader, "SELECT count(*) FROM runs"), 2);
    other.begin();
    other.begin_run(identity(1));
  }
  EXPECT_EQ(integer(Store(db(), Store::Mode::Read), "SELECT count(*) FROM runs"), 2) << "an open group is undone";
}

TEST_F(Stores, GoOnWithAGroupAfterAnErrorInIt) {
  store.begin();
  store.begin_run(identity(1));
  error_of([&] { store.begin_run(identity(99)); });
  store.begin_run(identity(2));
  store.commit();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM runs"), 2);
}

TEST_F(Stores, AreReadWhileTheyAreWritten) {
  const Store reader(db(), Store::Mode::Read);
  store.begin();
  finish(store, identity(1), folder, 0.5);
  EXPECT_EQ(reader.statuses().at(identity(1)).state, std::nullopt);
  store.commit();
  EXPECT_EQ(reader.statuses().at(identity(1)).state, RunState::Done);
}

TEST_F(Stores, LoseOnlyTheOpenTransactionToAKill) {
  EXPECT_EQ(7, in_child([&]() -> int {
              Store mine(db(), Store::Mode::Write);
              mine.begin_run(identity(1));
              mine.begin();
              mine.begin_run(identity(2));
              _exit(7);  // nothing is closed
            }));
  const Store after(db(), Store::Mode::Write);
  EXPECT_EQ(after.statuses().at(identity(1)).state, RunState::Running);
  EXPECT_EQ(after.statuses().at(identity(2)).state, std::nullopt);
  EXPECT_EQ(text(after, "SELECT state FROM runs"), "running");
}

TEST_F(Stores, RefuseToWriteWhenOpenedToRead) {
  Store reader(db(), Store::Mode::Read);
  EXPECT_THAT(error_of([&] { reader.begin_run(identity(1)); }), HasSubstr("cannot be written"));
}

TEST_F(Stores, RefuseAStudyThatPointsNowhere) {
  StudyRecord record = study({cell(3, 0, "g")});
  record.cells[0].source = identity(99);
  EXPECT_THAT(error_of([&] { store.put_study(record); }), HasSubstr("FOREIGN KEY"));
  record = study({cell(3, 0, "g")});
  record.entries[0].identity = identity(98);
  EXPECT_THAT(error_of([&] { store.put_study(record); }), HasSubstr("does not have"));
  EXPECT_EQ(integer(store, "SELECT count(*) FROM cell"), 2) << "half a study is not entered";
}

using Queries = Stores;

TEST_F(Queries, TakeParametersAndGiveEveryType) {
  const std::vector<Field> values = {std::int64_t{3}, 2.5, std::string("it's"), std::monostate()};
  const Table table = store.query("SELECT ?1 AS a, ?2, ?3, ?4, x'00ff'", values);
  EXPECT_EQ(table.columns[0], "a");
  EXPECT_THAT(table.rows.at(0),
              ::testing::ElementsAre(Field(3), Field(2.5), Field("it's"), Field(), Field(std::string("\0\xff", 2))));
  EXPECT_THAT(error_of([&] { store.query("SELECT ?1", {}); }), HasSubstr("1 parameters"));
}

TEST_F(Queries, OnlyRead) {
  for (const Store::Mode mode : {Store::Mode::Write, Store::Mode::Read}) {
    const Store one(db(), mode);
    for (const char* sql :
         {"DELETE FROM cell", "UPDATE run SET state = 'done'", "INSERT INTO metric (name) VALUES ('x') RETURNING id",
          "DROP VIEW runs", "CREATE TEMP TABLE t (x)", "VACUUM", "REINDEX", "BEGIN", "SAVEPOINT a", "COMMIT",
          "PRAGMA user_version = 9", "PRAGMA journal_mode = DELETE", "PRAGMA writable_schema = ON",
          "PRAGMA wal_checkpoint", "ATTACH 'other.db' AS o", "DETACH main", "WITH x AS (SELECT 1) DELETE FROM run",
          "EXPLAIN DELETE FROM run"}) {
      EXPECT_THAT(error_of([&] { one.query(sql); }), AllOf(HasSubstr("refused"), HasSubstr("SELECT"))) << sql;
    }
  }
  EXPECT_THAT(error_of([&] { store.query("UPDATE sqlite_master SET sql = ''"); }), HasSubstr("may not be modified"));
  EXPECT_FALSE(std::filesystem::exists("other.db"));
  EXPECT_EQ(integer(store, "PRAGMA user_version"), 2);
  EXPECT_GT(store.query("PRAGMA table_info(runs)").rows.size(), 10U);
  EXPECT_GT(store.query("SELECT name FROM pragma_table_info('runs')").rows.size(), 10U);
  store.begin_run(identity(1));  // the guard is gone after a query
}

TEST_F(Queries, AreOneStatement) {
  EXPECT_THAT(error_of([&] { store.query("SELECT 1; SELECT 2"); }), HasSubstr("second statement"));
  EXPECT_THAT(error_of([&] { store.query("SELECT 1; DROP TABLE run"); }), HasSubstr("refused"));
  EXPECT_THAT(error_of([&] { store.query(" -- nothing\n ;"); }), HasSubstr("no statement"));
  EXPECT_EQ(integer(store, "SELECT 1 ; -- one\n ;; /* and only */ "), 1);
}

TEST_F(Queries, SuggestWhatWasMeant) {
  EXPECT_THAT(error_of([&] { store.query("SELECT * FROM leaderbord"); }),
              AllOf(HasSubstr("no such table: leaderbord"), HasSubstr("did you mean \"leaderboard\"?"),
                    HasSubstr("artifacts, cells, choices, curves, differences, failures")));
  EXPECT_THAT(error_of([&] { store.query("SELECT r.test_acuracy FROM runs AS r"); }),
              AllOf(HasSubstr("no such column: r.test_acuracy"), HasSubstr("did you mean \"test_accuracy\"?")));
  EXPECT_THAT(error_of([&] { store.query("SELEC 1"); }), HasSubstr("syntax error"));
  EXPECT_THAT(error_of([&] { store.query("SELECT abs(-9223372036854775808)"); }), HasSubstr("integer overflow"));
}

}  // namespace
}  // namespace cambium::test
