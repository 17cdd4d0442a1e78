#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>

#include "program.h"

/// What is done once for several cells gives what each would have got by itself, disturbed or not.
namespace cambium::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kStudy = R"([study]
name = "shared"
seeds = [0, 1]
allow = ["finetune-rate", "best-of-n", "few-pairs"]

[stage.pretrain]
backbone = "dawdling"
data     = { plugin = "shapes", family = "a", train_per_class = 8, test_per_class = 4 }
strategy = "from_scratch"
train    = { epochs = 2, batch = 8, lr = 0.02 }

[stage.transfer]
init     = "pretrain"
data     = { plugin = "shapes", family = "b", train_per_class = 20, test_per_class = 4, validation_per_class = 2 }
train    = { epochs = 3, batch = 8, momentum = 0.9 }

[stage.transfer.grid]
strategy   = ["feature_extraction", { plugin = "partial_finetuning", cut = 2 }]
"train.lr" = [0.05, 0.01, 0.002]
)";
constexpr int kCells = 14;

struct Results {
  Json points, weights;
};

class Sharing : public CliTest {
 protected:
  Sharing() { write("study.toml", kStudy); }

  Results results() {
    EXPECT_EQ(value("SELECT count(*) FROM cells WHERE state = 'done'"), kCells);
    return {rows("SELECT identity, metric, step, value FROM curves JOIN cells USING (cell) ORDER BY 1, 2, 3"),
            rows("SELECT identity, kind, sha256 FROM artifacts ORDER BY 1, 2")};
  }
  Results after(std::vector<std::string> options) {
    std::vector<std::string> words = {"run", "study.toml"};
    words.insert(words.end(), options.begin(), options.end());
    const Ended ended = run(words);
    EXPECT_EQ(ended.status, 0) << ended.err;
    Results all = results();
    fs::remove_all(folder() / "results");
    return all;
  }
  /// By one worker, with all passes.
  const Results& undisturbed() {
    static const Results known = after({"--workers", "1"});
    return known;
  }
  void expect_same_bits(const Results& found) {
    EXPECT_GT(found.points.size(), 100u);
    EXPECT_TRUE(found.points == undisturbed().points);
    EXPECT_TRUE(found.weights == undisturbed().weights);
  }
  /// Those that have a file of taps open.
  static std::vector<pid_t> extracting(const Running& running) {
    std::vector<pid_t> found;
    for (const pid_t worker : running.workers())
      if (read("/proc/" + std::to_string(worker) + "/maps").find(".taps") != std::string::npos) found.push_back(worker);
    return found;
  }
  /// Two workers that both compute taps, slowly.
  Running begin_extraction() {
    undisturbed();
    environment["CAMBIUM_TEST_PAUSE"] = "200";
    Running running = start({"run", "study.toml", "--workers", "2"});
    EXPECT_TRUE(wait_until([&] { return extracting(running).size() == 2; }));
    environment.erase("CAMBIUM_TEST_PAUSE");
    return running;
  }
};

TEST_F(Sharing, TwoWorkersGiveTheSameBits) { expect_same_bits(after({"--workers", "2"})); }

TEST_F(Sharing, WithoutPassesTheBitsAreTheSame) {
  expect_same_bits(after({"--workers", "2", "--without", "batch-heads"}));
  expect_same_bits(after({"--workers", "1", "--without", "share-prefixes,batch-heads"}));
}

TEST_F(Sharing, AKilledExtractionGoesOnToTheSameBits) {
  Running running = begin_extraction();
  const auto workers = running.workers();
  ::kill(running.process(), SIGKILL);
  EXPECT_EQ(running.wait().status, -SIGKILL);
  for (const pid_t worker : workers)
    EXPECT_TRUE(wait_until([&] { return !fs::exists("/proc/" + std::to_string(worker) + "/exe"); }));
  EXPECT_LT(value("SELECT count(*) FROM cells WHERE state = 'done' AND stage = 'transfer'"), 12) << "it was too late";
  expect_same_bits(after({"--workers", "2"}));
}

TEST_F(Sharing, AWorkerThatIsKilledWhileItExtractsLeavesTheRestToTheOther) {
  Running running = begin_extraction();
  ::kill(extracting(running).at(0), SIGKILL);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("its worker was killed by signal 9"));
  EXPECT_GT(value("SELECT count(*) FROM cells WHERE state = 'done' AND stage = 'transfer'"), 0) << "the other went on";
  expect_same_bits(after({"--workers", "2"}));
}

}  // namespace
}  // namespace cambium::test
