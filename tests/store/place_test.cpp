#include "store/place.h"

#include <gmock/gmock.h>

#include "store/open.h"
#include "support.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Places : public StoreTest {
 protected:
  static std::string refusal(const fs::path& name) {
    try {
      return "taken as " + database_file(name).string();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      EXPECT_THAT(error.hint(), HasSubstr("name"));
      return error.message();
    }
  }
  static std::string artifact_path(const fs::path& database) {
    return text(Store(database, Store::Mode::Read), "SELECT path FROM artifacts WHERE kind = 'last'");
  }
  /// A database with a done cell, whose weights lie beside it.
  void train(const fs::path& database) {
    Store store(database, Store::Mode::Write);
    store.put_study(study({cell(1, 0, "g")}));
    const std::string weights = (store.files() / "weights" / "1.last.safetensors").string();
    write(weights, "12 bytes of.");
    const auto events = event_file(store.files(), identity(1), store.begin_run(identity(1)));
    write(events, started() + fmt::format(R"({{"seq":1,"type":"finished","time":110,"metrics":{{}},"weights":[{{)"
                                          R"("kind":"last","path":"{}","sha256":"ff","bytes":12}}]}})"
                                          "\n",
                                          weights));
    EXPECT_TRUE(store.ingest(identity(1), 1, events));
  }
};

TEST_F(Places, AreOneFileByWhateverName) {
  const fs::path real = fs::canonical(folder) / "b" / "x.db";
  fs::create_directories(folder / "a");
  fs::create_symlink("../b/x.db", folder / "a" / "dangling.db");
  fs::create_symlink("dangling.db", folder / "a" / "twice.db");
  fs::create_symlink("b", folder / "way");
  for (const fs::path& name :
       {folder / "b" / "x.db", folder / "a" / ".." / "b" / "." / "x.db", folder / "a" / "dangling.db",
        folder / "a" / "twice.db", folder / "way" / "x.db", folder / "way" / ".." / "b" / "x.db"})
    EXPECT_EQ(database_file(name), real) << name;
  fs::current_path(folder);
  EXPECT_EQ(database_file("b/x.db"), real);
  EXPECT_EQ(database_file("file:b/x.db"), real);
  EXPECT_EQ(database_file("file:" + real.string() + "?mode=rwc&cache=private"), real);
  EXPECT_EQ(database_file("file://localhost" + real.string() + "#part"), real);
  EXPECT_EQ(database_file("file:b/%78.db"), real);
  EXPECT_EQ(database_file("./file:b/x.db"), fs::canonical(folder) / "file:b" / "x.db");
  fs::current_path("/");
}

TEST_F(Places, ThatAreNoFilesAreRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("is given no name"));
  EXPECT_THAT(refusal(":memory:"), HasSubstr("only in memory"));
  EXPECT_THAT(refusal("file::memory:"), HasSubstr("only in memory"));
  EXPECT_THAT(refusal("file:"), HasSubstr("names no file"));
  EXPECT_THAT(refusal("results/"), HasSubstr("names a folder"));
  EXPECT_THAT(refusal("file:x.db?mode=memory"), HasSubstr("mode=memory is not for Cambium to set"));
  EXPECT_THAT(refusal("file:x.db?nolock=1"), HasSubstr("nolock=1"));
  EXPECT_THAT(refusal("file://elsewhere/x.db"), HasSubstr("another machine"));
  EXPECT_THAT(refusal("file:x%zz.db"), HasSubstr("no byte"));
}

TEST_F(Places, NoticeLinksThatGoInACircle) {
  fs::create_symlink("two.db", folder / "one.db");
  fs::create_symlink("one.db", folder / "two.db");
  EXPECT_THAT(error_of([&] { database_file(folder / "one.db"); }), HasSubstr("in a circle"));
}

TEST_F(Places, OfFilesAreDifferentForDifferentDatabases) {
  std::set<fs::path> folders;
  const auto names = {"a.db", "a.sqlite", "a", "a.db.db", "lr0.1", "lr0.2", "lr0", ".db", "a.sqlite.db"};
  for (const char* name : names) folders.insert(Store(folder / name, Store::Mode::Write).files());
  EXPECT_EQ(folders.size(), names.size());
  EXPECT_EQ(folders.count(fs::canonical(folder) / "a.files"), 1u);
  for (const fs::path& one : folders) EXPECT_TRUE(one.native().ends_with(".files")) << one;
}

TEST_F(Places, AFileWithTwoHardLinksIsNotWritten) {
  train(db());
  fs::create_hard_link(db(), folder / "y.db");
  EXPECT_THAT(error_of([&] { Store(folder / "y.db", Store::Mode::Write); }), HasSubstr("2 names (hard links)"));
  EXPECT_EQ(integer(Store(folder / "y.db", Store::Mode::Read), "SELECT count(*) FROM cells"), 1);
}

TEST_F(Places, MoveWithTheDatabase) {
  fs::create_directories(folder / "one");
  train(folder / "one" / "x.db");
  EXPECT_EQ(artifact_path(folder / "one" / "x.db"), fs::canonical(folder) / "one/x.files/weights/1.last.safetensors");
  fs::rename(folder / "one", folder / "two");
  EXPECT_TRUE(fs::exists(artifact_path(folder / "two" / "x.db")));
  fs::rename(folder / "two" / "x.db", folder / "two" / "it's.sqlite");
  fs::rename(folder / "two" / "x.files", folder / "two" / "it's.sqlite.db.files");
  EXPECT_TRUE(fs::exists(artifact_path(folder / "two" / "it's.sqlite")));
  const Store moved(folder / "two" / "it's.sqlite", Store::Mode::Read);
  EXPECT_TRUE(fs::exists(moved.statuses().at(identity(1)).weights.at(0).path));
  EXPECT_THAT(text(moved, "SELECT path FROM artifact"), "weights/1.last.safetensors");
}

/// A database as version 1 left it.
class OldPlaces : public Places {
 protected:
  void make(const fs::path& database, const fs::path& weights) {
    const auto old = open_to_write(database, {{layout().steps.front()}, ""});
    old->execute(fmt::format(
        "INSERT INTO cell VALUES (1, '{}', 'g', 0, 'cnn7', 'idx', 'scratch', NULL, 1, 1);"
        "INSERT INTO study VALUES (1, 's', 1, NULL, NULL); INSERT INTO arm VALUES (1, 1, 't', '{{}}', 'l', 'n', "
        "'{{}}');"
        "INSERT INTO study_cell VALUES (1, 1, '{{}}', 0, 1); INSERT INTO run (id, cell, attempt, state, started) "
        "VALUES (1, 1, 1, 'done', 1); INSERT INTO artifact VALUES (1, 'last', '{}', 'ff', 12);"
        "INSERT INTO measurement VALUES (1, 1, 'taps', NULL, NULL, NULL, 1, 1);"
        "INSERT INTO measured_file VALUES (1, 'taps', '{}', 'ff', 12);",
        identity(1), weights.string(), (weights.parent_path().parent_path() / "measures" / "1.npy").string()));
    write(weights, "12 bytes of.");
  }
};

TEST_F(OldPlaces, BecomeRelativeAfterABackup) {
  make(db(), folder / "x.files" / "weights" / "1.last.safetensors");
  const Store store(db(), Store::Mode::Read);
  EXPECT_TRUE(fs::exists(folder / "x.db.v1-backup"));
  EXPECT_EQ(integer(store, "PRAGMA user_version"), layout().version());
  EXPECT_EQ(text(store, "SELECT path FROM artifact"), "weights/1.last.safetensors");
  EXPECT_EQ(text(store, "SELECT path FROM measured_file"), "measures/1.npy");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM artifacts WHERE path LIKE '" + fs::canonical(folder).string() +
                               "/x.files/%'"),
            2);
}

TEST_F(OldPlaces, ThatWereMovedBeforeAreFound) {
  make(db(), "/no/longer/there.files/weights/1.last.safetensors");
  write(folder / "x.files" / "weights" / "1.last.safetensors", "12 bytes of.");
  EXPECT_TRUE(fs::exists(artifact_path(db())));
}

TEST_F(OldPlaces, OutsideTheFolderStayWhatTheyAre) {
  const fs::path weights = folder / "link.files" / "weights" / "1.last.safetensors";
  make(db(), weights);
  EXPECT_EQ(artifact_path(db()), weights);
}

TEST_F(OldPlaces, KeepTheFolderThatTheyHave) {
  make(folder / "lr0.1", folder / "lr0.files" / "weights" / "1.last.safetensors");
  EXPECT_EQ(Store(folder / "lr0.1", Store::Mode::Write).files(), fs::canonical(folder) / "lr0.files");
  EXPECT_TRUE(fs::exists(artifact_path(folder / "lr0.1")));
  EXPECT_NE(Store(folder / "lr0.2", Store::Mode::Write).files(), fs::canonical(folder) / "lr0.files");
}

}  // namespace
}  // namespace cambium::test
