#include <gmock/gmock.h>

#include "engine/tiny.h"
#include "engine/train/checkpoint.h"
#include "support/failing_sync.h"

/// What is on the disk when the power goes: one must be able to go on from it.
namespace cambium::test {
namespace {

using ::testing::HasSubstr;

class PowerCut : public ::testing::Test {
 protected:
  ~PowerCut() override { failing.clear(); }
  Bench bench_;
};

TEST_F(PowerCut, TheEndIsOnTheDiskBeforeTheCheckpointIsTakenAway) {
  failing = "events.jsonl";
  try {
    bench_.run();
    ADD_FAILURE() << "the disk failed unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::System) << "no fault of the cell";
    EXPECT_THAT(error.message(), HasSubstr("events.jsonl: cannot bring the events to the disk: Input/output error"));
  }
  EXPECT_TRUE(std::filesystem::exists(bench_.job.checkpoint));
}

TEST_F(PowerCut, ACheckpointThatDoesNotReachTheDiskStopsTheRun) {
  failing = "checkpoint";
  EXPECT_THROW(bench_.run(), Error);
}

TEST_F(PowerCut, WhenAllIsWellTheCheckpointIsGone) {
  synced.clear();
  bench_.run();
  EXPECT_FALSE(std::filesystem::exists(bench_.job.checkpoint));
  EXPECT_THAT(synced, HasSubstr("events.jsonl"));
}

}  // namespace
}  // namespace cambium::test
