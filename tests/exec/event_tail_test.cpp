#include "exec/event_tail.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "cambium/error.h"
#include "exec/folders.h"
#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

class Tail : public ::testing::Test {
 protected:
  void add(const std::string& text) { std::ofstream(path_, std::ios::binary | std::ios::app) << text; }
  /// The epochs that are told by one more look.
  std::vector<std::int64_t> look() {
    std::vector<std::int64_t> epochs;
    tail_.follow([&](std::int64_t epoch, double loss) {
      epochs.push_back(epoch);
      loss_ = loss;
    });
    return epochs;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "events.jsonl";
  EventTail tail_{path_};
  double loss_ = 0;
};

using Epochs = std::vector<std::int64_t>;

TEST_F(Tail, TellsEachEpochOnceAndWaitsForWholeLines) {
  EXPECT_EQ(look(), Epochs()) << "no file yet";
  add("{\"type\":\"started\"}\n{\"type\":\"epoch\",\"epoch\":1,\"metrics\":{\"train_loss\":2.5}}\n{\"type\":\"epo");
  EXPECT_EQ(look(), Epochs{1});
  EXPECT_EQ(loss_, 2.5);
  EXPECT_EQ(look(), Epochs());
  add("ch\",\"epoch\":2,\"metrics\":{\"train_loss\":\"nan\"}}\n");
  EXPECT_EQ(look(), Epochs{2});
  EXPECT_TRUE(std::isnan(loss_));
  EXPECT_EQ(tail_.end(), EventTail::End::None);
}

TEST_F(Tail, KeepsTheWeightsOfAFinishedAttempt) {
  add("{\"type\":\"finished\",\"weights\":[{\"kind\":\"last\",\"path\":\"w\",\"sha256\":\"ff\",\"bytes\":12}]}\n");
  look();
  EXPECT_EQ(tail_.end(), EventTail::End::Finished);
  ASSERT_EQ(tail_.weights().size(), 1u);
  EXPECT_EQ(tail_.weights()[0].sha256, "ff");
}

TEST_F(Tail, KeepsTheNoteOfHowItBegan) {
  add("{\"type\":\"started\",\"note\":\"begun anew\"}\n");
  look();
  EXPECT_EQ(tail_.note(), "begun anew");
  add("{\"type\":\"finished\",\"note\":\"no room\"}\n");
  look();
  EXPECT_EQ(tail_.note(), "no room");
}

TEST_F(Tail, KeepsTheMessageOfAFailedOne) {
  add("{\"type\":\"failed\",\"message\":\"no luck\"}\n");
  look();
  EXPECT_EQ(tail_.end(), EventTail::End::Failed);
  EXPECT_EQ(tail_.error(), "no luck");
}

TEST_F(Tail, PassesOverWhatIsNoEvent) {
  add("nonsense\n[1]\n{\"type\":7}\n{\"type\":\"epoch\",\"epoch\":\"one\"}\n{\"type\":\"epoch\",\"epoch\":3}\n");
  EXPECT_EQ(look(), Epochs{3});
}

TEST(FilesBesideADatabase, LieByCellAndAttempt) {
  const TemporaryFolder folder;
  const Folders folders(folder.path() / "x.files");
  folders.make();
  folders.make();
  const std::string identity(64, 'a');
  EXPECT_EQ(folders.events(identity, 3), folder.path() / "x.files/events/aaaaaaaaaaaaaaaa-3.jsonl");
  EXPECT_EQ(folders.weights_stem(identity), folder.path() / "x.files/weights/aaaaaaaaaaaaaaaa");
  EXPECT_EQ(folders.checkpoint(identity), folder.path() / "x.files/checkpoints/aaaaaaaaaaaaaaaa.safetensors");
  EXPECT_TRUE(std::filesystem::is_directory(folders.log(1).parent_path()));
}

TEST(FilesBesideADatabase, LoseOnlyWhatWasHalfWritten) {
  const TemporaryFolder folder;
  const auto whole = folder.write("weights/a.last.safetensors", ""),
             part = folder.write("weights/b.safetensors.part12", "");
  Folders(folder.path()).clear_partial();
  EXPECT_TRUE(std::filesystem::exists(whole));
  EXPECT_FALSE(std::filesystem::exists(part));
}

TEST(FilesBesideADatabase, AreToldWhereTheyCannotBe) {
  const TemporaryFolder folder;
  folder.write("file", "");
  try {
    Folders(folder.path() / "file").make();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::System);
    EXPECT_NE(error.message().find("file/events: cannot be written to"), std::string::npos);
  }
}

}  // namespace
}  // namespace cambium::test
