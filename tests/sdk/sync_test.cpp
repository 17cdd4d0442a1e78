#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cambium/error.h"
#include "cambium/files.h"
#include "support/failing_sync.h"
#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

class Syncing : public ::testing::Test {
 protected:
  ~Syncing() override { failing.clear(); }
  std::string error_of_writing() {
    try {
      write_file(folder_.path() / "file", "new");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::System);
      EXPECT_THAT(error.hint(), HasSubstr("check it"));
      return error.message();
    }
    return "";
  }
  TemporaryFolder folder_;
};

TEST_F(Syncing, BringsAFileAndItsNameToTheDisk) {
  synced.clear();
  EXPECT_EQ(error_of_writing(), "");
  EXPECT_THAT(synced, HasSubstr((folder_.path() / "file.part").string()));
  EXPECT_THAT(synced, HasSubstr(folder_.path().string() + "\n"));
}

TEST_F(Syncing, ThatFailsLeavesTheOldFileAndSaysSo) {
  write_file(folder_.path() / "file", "old");
  failing = "file.part";
  EXPECT_THAT(error_of_writing(), HasSubstr("file: cannot bring it to the disk: Input/output error"));
  EXPECT_EQ(read_bytes(folder_.path() / "file").front(), 'o');
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(Syncing, OfTheFolderCountsToo) {
  failing = folder_.path().filename().string() + "$";
  EXPECT_THAT(error_of_writing(), HasSubstr("cannot bring its name to the disk: Input/output error"));
}

}  // namespace
}  // namespace cambium::test
