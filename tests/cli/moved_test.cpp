#include <gmock/gmock.h>

#include "program.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const char* const kStudy = R"([study]
name = "moved"
seeds = [0]
allow = ["finetune-rate", "few-pairs"]
[stage.base]
backbone = { plugin = "mlp", hidden = [8] }
data     = { plugin = "shapes", train_per_class = 2, test_per_class = 1 }
strategy = "from_scratch"
train    = { epochs = 1 }
[stage.after]
init     = "base"
data     = { plugin = "shapes", family = "b", train_per_class = 2, test_per_class = 1 }
strategy = "full_finetuning"
train    = { epochs = 1 }
measures = ["cka"]
)";

/// Results that were made in one place and are used in another.
class Moved : public CliTest {
 protected:
  Moved() {
    write("study.toml", kStudy);
    EXPECT_EQ(run({"run", "study.toml", "--db", "one/x.db"}).status, 0);
  }
  /// Everything that needs the weights finds them.
  void expect_whole(const std::string& db) {
    const std::vector<std::string> longer = {"study.toml", "--db", db, "--set", "stage.after.train.epochs=2"};
    const auto with = [&](const std::string& verb) {
      std::vector<std::string> words = {verb};
      words.insert(words.end(), longer.begin(), longer.end());
      return words;
    };
    EXPECT_THAT(run(with("plan")).out, AllOf(HasSubstr("1 cell to train, 1 done"), Not(HasSubstr("gone"))));
    const Ended ended = run(with("run"));
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("1 cell trained"));
    const Ended cells = run({"query", "SELECT cell FROM cells WHERE stage = 'base'", "--db", db, "--format", "csv"});
    const std::string cell = cells.out.substr(cells.out.find('\n') + 1, 12);
    const Ended exported = run({"export", "weights", cell, "--to", "networks", "--db", db});
    EXPECT_EQ(exported.status, 0) << exported.err;
  }
};

TEST_F(Moved, TheFolderMayBeRenamed) {
  fs::rename(folder() / "one", folder() / "two");
  expect_whole("two/x.db");
}

TEST_F(Moved, DatabaseAndFilesMayBeRenamedTogether) {
  fs::rename(folder() / "one/x.db", folder() / "one/y.db");
  fs::rename(folder() / "one/x.files", folder() / "one/y.files");
  expect_whole("one/y.db");
}

TEST_F(Moved, MayBeReachedByALink) {
  fs::create_directory_symlink("one", folder() / "way");
  fs::create_symlink("../one/x.db", folder() / "study.db");
  fs::remove(folder() / "study.db");
  fs::create_symlink("way/x.db", folder() / "study.db");
  expect_whole("study.db");
  EXPECT_FALSE(fs::exists(folder() / "study.files"));
}

TEST_F(Moved, NamesThatAreNoFilesAreRefusedBeforeAnyWork) {
  for (const char* name : {"", ":memory:", "file:x.db?mode=memory"}) {
    const Ended ended = run({"run", "study.toml", "--db", name});
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("--db"), HasSubstr("name ")));
  }
  EXPECT_FALSE(fs::exists(folder() / ".lock"));
  EXPECT_FALSE(fs::exists(folder() / ":memory:.lock"));
}

}  // namespace
}  // namespace cambium::test
