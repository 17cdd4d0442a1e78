#include "report/watch.h"

#include <gmock/gmock.h>

#include "report/text.h"
#include "store/support.h"

namespace cambium::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Watch = StoreTest;

TEST_F(Watch, TellsStatesWhatIsTrainedTheBestAndTheLastFailure) {
  Store store(db(), Store::Mode::Write);
  store.put_study(study({cell(1, 0, "g1", "zebra"), cell(2, 1, "g1", "zebra"), cell(3, 0, "g2", "ant"),
                         cell(4, 1, "g2", "ant"), cell(5, 2, "g2", "ant")}));
  finish(store, identity(1), folder, 0.7);
  finish(store, identity(2), folder, 0.8);
  write(folder / "e.jsonl", started() + failed(1));
  store.ingest(identity(3), store.begin_run(identity(3)), folder / "e.jsonl");
  write(folder / "r.jsonl", started() + epoch(1, 1, R"("train_loss":1)"));
  StoreLock lock(db(), "s");
  store.ingest(identity(4), store.begin_run(identity(4)), folder / "r.jsonl");
  const auto lines = watch_lines(store, "s", 160.5);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines[0], HasSubstr("s: 2 of 5 cells done, 1 running, 1 failed, 1 pending"));
  EXPECT_THAT(lines[0], HasSubstr("2.4 cells a minute, 50.5 s left at that pace")) << "2 in 50.5 s, 2 cells to go";
  EXPECT_THAT(lines, Contains("  transfer, ant, seed 1: epoch 1 of 2, 1 min 01 s"));
  EXPECT_THAT(lines, Contains(HasSubstr("75.00 ± 63.53  transfer, zebra, 2 cells")));
  EXPECT_THAT(lines, Contains("  1970-01-01 00:02:00 transfer, ant, seed 0: diverged: the loss is NaN"));
}

TEST_F(Watch, OfAnEmptyDatabaseSaysSo) {
  Store store(db(), Store::Mode::Write);
  EXPECT_THAT(watch_lines(store, "", 0), ElementsAre("no study was run yet"));
}

TEST(Fitted, CutsToTheScreen) {
  EXPECT_THAT(fitted({"abcdef", "ab", "日本語日本語", "more"}, 5, 3), ElementsAre("abcd…", "ab", "日本…"));
  EXPECT_EQ(display_width(fitted({"日本語日本語"}, 5, 3)[0]), 5u);
}

}  // namespace
}  // namespace cambium::test
