#include "store/file_system.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/vfs.h>

#include "store/open.h"
#include "support.h"

namespace {

/// What each file system says that it is; 0: what it is.
long claimed = 0;

}  // namespace

/// Stands in for libc's, whose place it takes in this program.
extern "C" int statfs(const char* path, struct statfs* info) noexcept {
  const int file = ::open(path, O_PATH | O_CLOEXEC);
  const int answer = file < 0 ? -1 : ::fstatfs(file, info);
  if (file >= 0) ::close(file);
  if (answer == 0 && claimed != 0) info->f_type = claimed;
  return answer;
}

namespace cambium::test {
namespace {

class FileSystem : public StoreTest {
 protected:
  ~FileSystem() override { claimed = 0; }
  static std::string named(long magic) {
    claimed = magic;
    return network_file_system("/");
  }
};

TEST_F(FileSystem, OfANetworkIsKnownByItsNumber) {
  EXPECT_EQ(named(0x6969), "nfs");
  EXPECT_EQ(named(static_cast<int>(0xff534d42)), "cifs") << "signed or not";
  EXPECT_EQ(named(0xfe534d42), "smb2");
  EXPECT_EQ(named(0x01021997), "9p");
  EXPECT_EQ(named(0x0bd00bd0), "lustre");
  EXPECT_EQ(named(0x65735546), "fuse");
  EXPECT_EQ(named(0xef53), "");
  EXPECT_EQ(named(0x01021994), "");
  EXPECT_EQ(named(0x9123683e), "");
}

TEST_F(FileSystem, OfANetworkGetsNoWriteAheadLog) {
  claimed = 0x6969;
  Store store(db(), Store::Mode::Write);
  store.put_study(study({cell(1, 0, "g")}));
  EXPECT_FALSE(std::filesystem::exists(folder / "x.db-wal"));
  EXPECT_EQ(open_to_write(db(), layout())->integer("PRAGMA synchronous"), 2);
  EXPECT_EQ(integer(Store(db(), Store::Mode::Read), "SELECT count(*) FROM cells"), 1) << "while it is open to write";
  store.begin();
  store.begin_run(identity(1));
  EXPECT_EQ(integer(Store(db(), Store::Mode::Read), "SELECT count(*) FROM runs"), 0);
  store.commit();
}

TEST_F(FileSystem, EndsTheLogOfADatabaseThatWasMovedThere) {
  { Store(db(), Store::Mode::Write).put_study(study({cell(1, 0, "g")})); }
  EXPECT_EQ(read(db())[18], 2) << "the header says WAL";
  claimed = 0x6969;
  { EXPECT_EQ(integer(Store(db(), Store::Mode::Write), "SELECT count(*) FROM cells"), 1); }
  EXPECT_EQ(read(db())[18], 1);
  claimed = 0;
  Store(db(), Store::Mode::Write);
  EXPECT_EQ(read(db())[18], 2) << "and back";
}

}  // namespace
}  // namespace cambium::test
