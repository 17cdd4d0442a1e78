#include "store/open.h"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/transaction.h"
#include "support.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Open : public StoreTest {
 protected:
  /// Made-up layouts: version 1 has a table, version 2 another column.
  Layout version_1() const {
    return {{[](Database& d) { d.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY)"); }},
            "CREATE VIEW things AS SELECT id FROM thing;"};
  }
  Layout version_2() const {
    Layout layout = version_1();
    layout.steps.push_back([](Database& d) { d.execute("ALTER TABLE thing ADD COLUMN size INTEGER DEFAULT 7"); });
    layout.views = "CREATE VIEW things AS SELECT id, size FROM thing;";
    return layout;
  }
};

TEST_F(Open, MakesFolderAndFileInWal) {
  const auto path = folder / "a" / "b" / "x.db";
  Store store(path, Store::Mode::Write);
  EXPECT_EQ(store.path(), path);
  EXPECT_EQ(store.files(), folder / "a" / "b" / "x.files");
  store.put_study({"s", "s.toml", "", {}, {}});
  EXPECT_TRUE(std::filesystem::exists(folder / "a" / "b" / "x.db-wal"));
  EXPECT_EQ(integer(store, "PRAGMA user_version"), layout().version());
  EXPECT_EQ(integer(store, "PRAGMA application_id"), kApplicationId);
}

TEST_F(Open, TakesAnEmptyFileAsNew) {
  write(db(), "");
  EXPECT_THAT(error_of([&] { Store(db(), Store::Mode::Read); }), HasSubstr("it is empty"));
  EXPECT_EQ(integer(Store(db(), Store::Mode::Write), "SELECT count(*) FROM cells"), 0);
}

TEST_F(Open, SaysWhatIsMissingToRead) {
  EXPECT_THAT(error_of([&] { Store(db(), Store::Mode::Read); }),
              AllOf(HasSubstr(db().string()), HasSubstr("no such file"), HasSubstr("--db")));
  EXPECT_FALSE(std::filesystem::exists(db()));
  EXPECT_THAT(error_of([&] { Store(folder, Store::Mode::Write); }), HasSubstr("it is a folder"));
}

TEST_F(Open, MigratesAfterABackup) {
  {
    const auto old = open_to_write(db(), version_1());
    old->execute("INSERT INTO thing VALUES (1), (2)");
  }
  const auto now = open_to_write(db(), version_2());
  EXPECT_EQ(now->integer("SELECT sum(size) FROM things"), 14);
  EXPECT_EQ(now->integer("PRAGMA user_version"), 2);
  const auto backup = open_to_read(folder / "x.db.v1-backup", version_1());
  EXPECT_EQ(backup->integer("SELECT count(*) FROM things"), 2);
  EXPECT_EQ(backup->integer("PRAGMA user_version"), 1);
}

TEST_F(Open, KeepsEarlierBackups) {
  write(folder / "x.db.v1-backup", "mine");
  open_to_write(db(), version_1());
  open_to_write(db(), version_2());
  EXPECT_EQ(read(folder / "x.db.v1-backup"), "mine");
  EXPECT_TRUE(std::filesystem::exists(folder / "x.db.v1-backup-2"));
  EXPECT_FALSE(std::filesystem::exists(folder / "x.db.v1-backup-2.part"));
}

TEST_F(Open, LeavesTheFileAsItWasWhereAMigrationFails) {
  open_to_write(db(), version_1())->execute("INSERT INTO thing VALUES (5)");
  Layout broken = version_2();
  broken.steps.push_back([](Database& d) { d.execute("CREATE TABLE thing (again INTEGER)"); });
  EXPECT_THAT(error_of([&] { open_to_write(db(), broken); }), HasSubstr("already exists"));
  const auto old = open_to_write(db(), version_1());
  EXPECT_EQ(old->integer("SELECT id FROM things"), 5);
  EXPECT_EQ(old->integer("PRAGMA user_version"), 1);
}

TEST_F(Open, RefusesAMigrationThatLeavesRowsPointingNowhere) {
  open_to_write(db(), version_1());
  Layout broken = version_1();
  broken.steps.push_back([](Database& d) {
    d.execute("CREATE TABLE part (thing INTEGER REFERENCES thing); INSERT INTO part VALUES (9)");
  });
  EXPECT_THAT(error_of([&] { open_to_write(db(), broken); }), HasSubstr("table part"));
  EXPECT_EQ(open_to_write(db(), version_1())->integer("PRAGMA user_version"), 1);
}

TEST_F(Open, KeepsViewsOfTheUsersOwn) {
  open_to_write(db(), version_1())->execute("CREATE VIEW my_own AS SELECT 42 AS x");
  EXPECT_EQ(open_to_write(db(), version_2())->integer("SELECT x FROM my_own"), 42);
}

TEST_F(Open, BringsAFileOfTheFirstVersionUpToDate) {
  const Layout first{{layout().steps[0]}, ""};
  open_to_write(db(), first)
      ->execute(
          "INSERT INTO cell VALUES (1, 'a', 'g', 0, 'net', 'toy', 'scratch', NULL, 1, 1);"
          "INSERT INTO run (id, cell, attempt, state, failure, started) VALUES (1, 1, 1, 'failed', 'signal', 0),"
          "  (2, 1, 2, 'failed', 'killed', 0), (3, 1, 3, 'failed', 'error', 0), (4, 1, 4, 'done', NULL, 0);"
          "INSERT INTO artifact VALUES (4, 'last', '/x', 'ff', 1);"
          "INSERT INTO measurement VALUES (1, 1, 'ece', 'killed', 'gone', '', 0, 0);"
          "CREATE VIEW my_own AS SELECT count(*) AS n FROM run");
  const Store store(db(), Store::Mode::Write);
  EXPECT_EQ(text(store, "SELECT group_concat(failure) FROM run"), "plugin,machine,error");
  EXPECT_EQ(text(store, "SELECT failure FROM measurement"), "machine");
  EXPECT_EQ(integer(store, "SELECT n FROM my_own"), 4);
  EXPECT_EQ(store.statuses().at("a").weights.size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(folder / "x.db.v1-backup"));
}

TEST_F(Open, DoesNotReadAnOlderVersion) {
  open_to_write(db(), version_1());
  EXPECT_THAT(error_of([&] { open_to_read(db(), version_2()); }),
              AllOf(HasSubstr("version 1"), HasSubstr("version 2"), HasSubstr("brings it up to date")));
}

TEST_F(Open, RefusesANewerVersionNamingBoth) {
  open_to_write(db(), version_2());
  const std::string before = read(db());
  for (const auto open : {open_to_write, open_to_read}) {
    EXPECT_THAT(error_of([&] { open(db(), version_1()); }), AllOf(HasSubstr(db().string()), HasSubstr("version 2"),
                                                                  HasSubstr("up to 1"), HasSubstr("newer Cambium")));
  }
  EXPECT_EQ(read(db()), before);
}

TEST_F(Open, SeesANewerVersionThatIsOnlyInTheWal) {
  const auto first = open_to_write(db(), version_1());
  first->execute("PRAGMA user_version = 9");  // not yet in the file itself
  EXPECT_THAT(error_of([&] { open_to_write(db(), version_1()); }), HasSubstr("version 9"));
  EXPECT_THAT(error_of([&] { open_to_read(db(), version_1()); }), HasSubstr("version 9"));
}

TEST_F(Open, LeavesAnotherProgramsDatabaseUntouched) {
  Database(db(), Database::Mode::Write).execute("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)");
  const std::string before = read(db());
  for (const auto mode : {Store::Mode::Write, Store::Mode::Read}) {
    EXPECT_THAT(error_of([&] { Store(db(), mode); }), AllOf(HasSubstr(db().string()), HasSubstr("another program")));
  }
  EXPECT_EQ(read(db()), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(Open, LeavesAFileThatIsNoDatabaseUntouched) {
  for (const std::string& content :
       {std::string("a letter"), std::string(5000, 'x'), std::string("SQLite format 3\0", 16)}) {
    write(db(), content);
    EXPECT_THAT(error_of([&] { Store(db(), Store::Mode::Write); }), HasSubstr("no SQLite database"));
    EXPECT_EQ(read(db()), content);
  }
}

TEST_F(Open, SaysThatADamagedFileIsDamaged) {
  { Store store(db(), Store::Mode::Write); }
  std::string bytes = read(db());
  std::fill(bytes.begin() + 100, bytes.begin() + 4096, 'z');
  write(db(), bytes);
  EXPECT_THAT(error_of([&] { Store(db(), Store::Mode::Write).statuses(); }),
              AllOf(HasSubstr("damaged"), HasSubstr(".recover")));
}

TEST_F(Open, SaysThatAFolderCannotBeWritten) {
  chmod(folder.c_str(), 0555);
  EXPECT_EQ(0, in_child([&] {
              drop_privileges();
              const std::string inside = error_of([&] { Store(db(), Store::Mode::Write); });
              EXPECT_THAT(inside, AllOf(HasSubstr(db().string()),
                                        HasSubstr(folder.string() + " is there and that you may write")));
              const std::string below = error_of([&] { Store(folder / "new" / "x.db", Store::Mode::Write); });
              EXPECT_THAT(below, AllOf(HasSubstr("new/x.db"), HasSubstr("cannot be made: Permission denied")));
              return ::testing::Test::HasFailure();
            }));
}

TEST_F(Open, SaysThatAFileIsWriteProtected) {
  { Store store(db(), Store::Mode::Write); }
  chmod(folder.c_str(), 0777);
  chmod(db().c_str(), 0444);
  EXPECT_EQ(0, in_child([&] {
              drop_privileges();
              EXPECT_THAT(error_of([&] { Store(db(), Store::Mode::Write); }),
                          AllOf(HasSubstr("write-protected"), HasSubstr("chmod u+w")));
              return ::testing::Test::HasFailure();
            }));
}

TEST_F(Open, ReadsWhereNothingCanBeWritten) {
  { Store(db(), Store::Mode::Write).put_study(study({cell(1, 0, "g")})); }
  chmod(db().c_str(), 0444);
  chmod(folder.c_str(), 0555);
  EXPECT_EQ(0, in_child([&] {
              drop_privileges();
              EXPECT_EQ(integer(Store(db(), Store::Mode::Read), "SELECT count(*) FROM cells"), 1);
              return ::testing::Test::HasFailure();
            }));
}

TEST_F(Open, SaysThatTheDiskIsFullAndLosesNothing) {
  const auto database = open_to_write(db(), layout());
  database->execute("INSERT INTO metric (name) VALUES ('kept')");
  // The disk ends here.
  database->execute("PRAGMA max_page_count = " + std::to_string(database->integer("PRAGMA page_count")));
  const std::string error = error_of([&] {
    Transaction transaction(*database);
    database->execute("INSERT INTO metric (name) VALUES ('lost')");
    for (int i = 0; i < 1000; ++i)
      database->prepared("INSERT INTO provenance (json) VALUES (?)").run(std::string(1000, 'x') + std::to_string(i));
    transaction.commit();
  });
  EXPECT_THAT(error, AllOf(HasSubstr(db().string()), HasSubstr("disk is full"), HasSubstr("free some space")));
  EXPECT_EQ(database->integer("SELECT count(*) FROM metric WHERE name IN ('kept', 'lost')"), 1);
  EXPECT_FALSE(database->in_transaction());
}

TEST_F(Open, AFileOfVersion1IsBroughtUpToDateWithWhatItHolds) {
  {
    const Layout old{{layout().steps[0]}, ""};
    const auto database = open_to_write(db(), old);
    database->execute(
        "INSERT INTO study (id, name, revision) VALUES (1, 's', 0); INSERT INTO study_revision VALUES (1, 0, 0, '', "
        "'');"
        "INSERT INTO cell VALUES (1, 'abc', 'g', 0, 'b', 'd', 'x', NULL, 1, 1);"
        "INSERT INTO arm VALUES (1, 1, 'transfer', '{}', 'x', 'x', '{}'); INSERT INTO study_cell VALUES (1, 1, '{}', "
        "0, 1);"
        "INSERT INTO run (id, cell, attempt, state, started) VALUES (1, 1, 1, 'done', 0);"
        "INSERT INTO measurement VALUES (1, 1, 'ece', NULL, NULL, NULL, 0, 0);"
        "INSERT INTO measured_value VALUES (1, 0, 'ece', 0.25), (1, 1, 'mce', 0.5)");
  }
  const Store store(db(), Store::Mode::Write);
  EXPECT_EQ(integer(store, "PRAGMA user_version"), layout().version());
  EXPECT_TRUE(std::filesystem::exists(folder / "x.db.v1-backup"));
  EXPECT_EQ(integer(store, "SELECT missing FROM leaderboard WHERE study = 's'"), 1);
  EXPECT_EQ(real(store, "SELECT mean FROM means WHERE study = 's' AND metric = 'ece.mce'"), 0.5);
}

}  // namespace
}  // namespace cambium::test
