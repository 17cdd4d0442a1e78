#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>

#include "support.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Lock : public StoreTest {};

TEST_F(Lock, SaysWhoHoldsIt) {
  int ready[2], leave[2];
  ASSERT_EQ(0, pipe(ready));
  ASSERT_EQ(0, pipe(leave));
  const pid_t child = fork();
  if (child == 0) {
    const StoreLock lock(db(), "first study");
    char byte = 'x';
    if (::write(ready[1], &byte, 1) != 1 || ::read(leave[0], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  char byte = 'x';
  ASSERT_EQ(1, ::read(ready[0], &byte, 1));
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  EXPECT_THAT(error_of([&] { StoreLock(db(), "second study"); }),
              AllOf(HasSubstr(db().string()), HasSubstr("process " + std::to_string(child) + " on " + host),
                    HasSubstr("\"first study\""), HasSubstr("since 20"), HasSubstr("wait for it to end")));
  ASSERT_EQ(1, ::write(leave[1], &byte, 1));
  waitpid(child, nullptr, 0);
}

TEST_F(Lock, OfADeadHolderIsFree) {
  EXPECT_EQ(-SIGKILL, in_child([&] {
    const StoreLock lock(db(), "dead");
    return raise(SIGKILL);
  }));
  EXPECT_THAT(read(folder / "x.db.lock"), HasSubstr("study: dead"));
  const StoreLock lock(db(), "alive");
  EXPECT_THAT(read(folder / "x.db.lock"), HasSubstr("study: alive"));
}

TEST_F(Lock, EndsWithItsHolder) {
  { const StoreLock lock(db(), "one"); }
  { const StoreLock lock(db(), "two"); }
  EXPECT_EQ(read(folder / "x.db.lock"), "");
}

TEST_F(Lock, IsTheSameThroughALink) {
  write(db(), "");
  std::filesystem::create_symlink(db(), folder / "link.db");
  const StoreLock lock(db(), "one");
  EXPECT_THAT(error_of([&] { StoreLock(folder / "link.db", "two"); }), HasSubstr("in use"));
}

TEST_F(Lock, IsTheSameThroughALinkToWhatIsNotThereYetAndThroughAFileAddress) {
  std::filesystem::create_symlink(db(), folder / "link.db");
  const StoreLock lock(folder / "link.db", "one");
  EXPECT_THAT(error_of([&] { StoreLock(db(), "two"); }), HasSubstr("in use"));
  EXPECT_THAT(error_of([&] { StoreLock("file:" + db().string(), "two"); }), HasSubstr("in use"));
}

TEST_F(Lock, TellsWhetherItIsHeld) {
  EXPECT_FALSE(is_locked(db()));
  {
    const StoreLock lock(db(), "one");
    EXPECT_TRUE(is_locked(db()));
  }
  EXPECT_FALSE(is_locked(db()));
  StoreLock(db(), "two");
}

TEST_F(Lock, IsNotInheritedByPrograms) {
  const StoreLock lock(db(), "one");
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone).filename() != "x.db.lock") continue;
    ++found;
    EXPECT_NE(0, fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC);
  }
  EXPECT_EQ(found, 1);
}

}  // namespace
}  // namespace cambium::test
