#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "program.h"
#include "small_study.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

const char* const kTiny = R"([stage.one]
backbone = { plugin = "mlp", hidden = [8] }
data     = { plugin = "shapes", train_per_class = 2, test_per_class = 1 }
strategy = "from_scratch"
train    = { epochs = 1 }
)";

using BadInput = CliTest;

/// An IDX file of unsigned bytes, all of them `value`.
std::string idx(const std::vector<int>& sizes, char value) {
  std::string file = {0, 0, 8, char(sizes.size())};
  std::size_t count = 1;
  for (const int size : sizes) {
    file += std::string({0, 0, char(size >> 8), char(size & 255)});
    count *= std::size_t(size);
  }
  return file + std::string(count, value);
}

TEST_F(BadInput, AShortDataFileIsToldByNameAndPlaceAndMended) {
  environment["CAMBIUM_DATA"] = "";
  write("study.toml",
        "[stage.one]\nbackbone = { plugin = \"mlp\", hidden = [8] }\ndata = { plugin = \"idx\", root = \"data/d\" }\n"
        "strategy = \"from_scratch\"\ntrain = { epochs = 1 }\n");
  const std::string images = idx({4, 8, 8}, 7);
  std::string labels = idx({4}, 0);
  labels.back() = 1;
  write("data/d/train-images-idx3-ubyte", images.substr(0, images.size() - 10));
  write("data/d/train-labels-idx1-ubyte", labels);
  write("data/d/t10k-images-idx3-ubyte", idx({4, 8, 8}, 8));
  write("data/d/t10k-labels-idx1-ubyte", labels);
  for (const char* verb : {"check", "run"}) {
    const Ended ended = run({verb, "study.toml"});
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.err,
                AllOf(HasSubstr("study.toml:3:"), HasSubstr("train-images-idx3-ubyte"), HasSubstr("\n    ")));
  }
  EXPECT_FALSE(fs::exists(folder() / "results"));
  write("data/d/train-images-idx3-ubyte", images);
  EXPECT_EQ(run({"run", "study.toml"}).status, 0) << "what was told of the short file is not remembered";
}

TEST_F(BadInput, AResultsFolderThatCannotBeMadeIsTold) {
  write("study.toml", kTiny);
  write("results", "a file in its place");
  const Ended ended = run({"run", "study.toml"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("results"), HasSubstr("--db FILE")));
  EXPECT_EQ(read(folder() / "results"), "a file in its place");
  EXPECT_EQ(run({"run", "study.toml", "--db", "elsewhere/x.db"}).status, 0) << "the way out is one";
}

TEST_F(BadInput, AFilesFolderThatCannotBeMadeIsTold) {
  write("study.toml", kTiny);
  write("results/cambium.files", "a file in its place");
  const Ended ended = run({"run", "study.toml"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("results/cambium.files/events: cannot be written to"), HasSubstr("--db")));
}

/// A database file as far as its header goes, with an application id and a layout version.
std::string header(const std::string& application, char version) {
  std::string text(4096, '\0');
  text.replace(0, 16, std::string("SQLite format 3\0", 16));
  text[63] = version;
  text.replace(68, 4, application);
  return text;
}

TEST_F(BadInput, ADatabaseThatIsNotOursIsRefusedAndLeftAsItIs) {
  write("study.toml", kTiny);
  const std::map<std::string, std::string> files = {{"it is of layout version 99", header("Camb", 99)},
                                                    {"another program", header("Othr", 1)},
                                                    {"no SQLite database", std::string(5000, 'x')}};
  for (const auto& [told, text] : files) {
    write("x.db", text);
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"run", "study.toml"}, {"plan", "study.toml"}, {"status"}, {"query", "SELECT 1"}}) {
      auto all = words;
      all.insert(all.end(), {"--db", "x.db"});
      const Ended ended = run(all);
      EXPECT_EQ(ended.status, 1) << words[0];
      EXPECT_THAT(ended.err, AllOf(HasSubstr("x.db"), HasSubstr(told), HasSubstr("\n    "))) << words[0];
    }
    EXPECT_TRUE(read(folder() / "x.db") == text);
    EXPECT_FALSE(fs::exists(folder() / "x.files"));
  }
}

TEST_F(BadInput, ABrokenPluginLibraryIsToldAndTheRestGoesOn) {
  write("study.toml", kTiny);
  write("mine/broken.so", "not a library");
  const Ended list = run({"plugins", "--plugins", "mine"});
  EXPECT_EQ(list.status, 1);
  EXPECT_THAT(list.err, AllOf(HasSubstr("mine/broken.so"), HasSubstr("error: "), HasSubstr("\n    ")));
  EXPECT_THAT(list.out, HasSubstr("from_scratch"));
  const Ended checked = run({"check", "study.toml", "--plugins", "mine"});
  EXPECT_EQ(checked.status, 0);
  EXPECT_THAT(checked.err, AllOf(HasSubstr("mine/broken.so"), HasSubstr("warning: ")));
  const Ended nowhere = run({"check", "study.toml", "--plugins", "yours"});
  EXPECT_EQ(nowhere.status, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("yours: there is no such plugin folder"));
}

TEST_F(BadInput, AMissingWorkerIsTold) {
  write("study.toml", kTiny);
  environment["CAMBIUM_WORKER"] = (folder() / "no-worker").string();
  const Ended ended = run({"check", "study.toml"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("cannot start " + (folder() / "no-worker").string()), HasSubstr("\n    ")));
}

constexpr const char* kBase = R"([study]
name = "base"
seeds = [0]
allow = ["best-of-n", "few-pairs"]
[stage.pretrain]
backbone = { plugin = "mlp", hidden = [512, 8] }
data     = { plugin = "shapes", family = "a", train_per_class = 4, test_per_class = 2 }
strategy = "from_scratch"
train    = { epochs = 1, batch = 8, lr = 0.02 }
)";
/// On taps of 2 KB an image, that are worth it: 1.3 MB in all.
constexpr const char* kOnTaps = R"([stage.transfer]
init     = "pretrain"
data     = { plugin = "shapes", family = "b", train_per_class = 64, test_per_class = 2 }
strategy = { plugin = "partial_finetuning", cut = 1 }
train    = { epochs = 2, batch = 32 }
grid     = { train.lr = [0.01, 0.02] }
)";

/// A small disk over results/, in a mount namespace of this process's own.
class FullDisk : public CliTest {
 protected:
  void SetUp() override {
    static const bool own =
        ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!own) GTEST_SKIP() << "making a small disk takes root";
    fs::create_directories(disk());
    if (::mount("tmpfs", disk().c_str(), "tmpfs", 0, "size=24m") != 0) GTEST_SKIP() << "no disk can be mounted here";
    mounted_ = true;
  }
  ~FullDisk() override {
    if (mounted_) ::umount2(disk().c_str(), MNT_DETACH);
  }
  fs::path disk() const { return folder() / "results"; }
  void fill() const {
    std::ofstream filler(disk() / "filler", std::ios::binary);
    const std::string block(512, 'x');
    while (filler.write(block.data(), std::streamsize(block.size())).flush()) {
    }
  }
  void make_room() const { fs::remove(disk() / "filler"); }

 private:
  bool mounted_ = false;
};

TEST_F(FullDisk, StopsTheRunWithAWordAndRunGoesOnOnceThereIsRoom) {
  write("study.toml", kSmallStudy);
  ASSERT_EQ(run({"run", "study.toml", "--workers", "1"}).status, 0);
  const char* const numbers = "SELECT cell, metric, step, value FROM curves ORDER BY cell, metric, step";
  const Json undisturbed = rows(numbers);
  for (const auto& entry : fs::directory_iterator(disk())) fs::remove_all(entry);

  environment["CAMBIUM_TEST_PAUSE"] = "200";
  Running running = start({"run", "study.toml"});
  ASSERT_TRUE(wait_until([&] { return events_with("\"epoch\":2,") > 0; }));
  fill();
  const Ended full = running.wait();
  environment.erase("CAMBIUM_TEST_PAUSE");
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, AllOf(HasSubstr("results/cambium."), ContainsRegex("make room on the disk|free some space")));

  const Ended still = run({"run", "study.toml"});
  EXPECT_EQ(still.status, 1) << still.err;
  EXPECT_THAT(still.err, ContainsRegex("make room on the disk|free some space"));

  make_room();
  const Ended after = run({"run", "study.toml"});
  EXPECT_EQ(after.status, 0) << after.err;
  EXPECT_THAT(after.out, HasSubstr("8 of 8 are done"));
  EXPECT_EQ(value("SELECT count(*) FROM failures"), 0) << "a full disk is no cell's fault";
  EXPECT_TRUE(rows(numbers) == undisturbed);
}

TEST_F(FullDisk, WithoutRoomForTapsTheStudyGoesOnWithoutThem) {
  write("base.toml", kBase);
  write("study.toml", std::string(kBase) + kOnTaps);
  ASSERT_EQ(run({"run", "study.toml", "--set", "study.weights=\"sources\"", "--threads", "1"}).status, 0);
  const char* const numbers = "SELECT cell, metric, step, value FROM curves ORDER BY cell, metric, step";
  const Json undisturbed = rows(numbers);
  for (const auto& entry : fs::directory_iterator(disk())) fs::remove_all(entry);

  ASSERT_EQ(run({"run", "base.toml", "--threads", "1"}).status, 0);
  fill();
  fs::resize_file(disk() / "filler", fs::file_size(disk() / "filler") - 1'000'000);
  const Ended ended = run({"run", "study.toml", "--set", "study.weights=\"sources\"", "--threads", "1"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("taps could not be kept for others: there is no room for them"));
  EXPECT_TRUE(rows(numbers) == undisturbed);
}

TEST_F(BadInput, OutputThatCannotBeWrittenIsToldAndNotTakenForSuccess) {
  std::string words = CAMBIUM_BUILD_DIR "/bin/cambium --help > /dev/full 2> '" + (folder() / "told").string() + "'";
  EXPECT_EQ(WEXITSTATUS(std::system(words.c_str())), 1);
  EXPECT_THAT(read(folder() / "told"), HasSubstr("standard output cannot be written: No space left on device"));
}

}  // namespace
}  // namespace cambium::test
