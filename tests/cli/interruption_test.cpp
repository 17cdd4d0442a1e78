#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>

#include "cambium/files.h"
#include "program.h"
#include "small_study.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// What a study comes to: every metric of every epoch, and every weights file.
struct Results {
  Json points, weights;
  bool operator==(const Results&) const = default;
};

class Interruption : public CliTest {
 protected:
  Interruption() : expected_(undisturbed()) {}

  /// Asserts that the weights files are what the database says of them.
  Results results() {
    const Json files = rows("SELECT path, sha256 FROM artifacts");
    EXPECT_EQ(files.size(), 2u * kSmallCells);
    for (const Json& file : files) EXPECT_EQ(Json(sha256_file(std::string(file["path"]))), file["sha256"]);
    return {rows("SELECT cell, metric, step, value FROM curves ORDER BY cell, metric, step"),
            rows("SELECT identity, kind, sha256 FROM artifacts ORDER BY identity, kind")};
  }

  /// What it comes to when nobody disturbs it and one worker does it all; run once for all tests.
  Results undisturbed() {
    write("study.toml", kSmallStudy);
    static const Results known = [this] {
      const Ended ended = run({"run", "study.toml", "--workers", "1"});
      EXPECT_EQ(ended.status, 0) << ended.err;
      Results results = this->results();
      std::filesystem::remove_all(folder() / "results");
      return results;
    }();
    return known;
  }

  /// The program at work, with time to disturb it, once an attempt has `epochs` behind it.
  Running begin(int epochs, const std::string& workers = "2", const std::string& checkpoint = "0") {
    environment["CAMBIUM_TEST_PAUSE"] = "250";
    Running running = start({"run", "study.toml", "--workers", workers, "--checkpoint", checkpoint});
    EXPECT_TRUE(wait_until([&] { return events_with("\"epoch\":" + std::to_string(epochs) + ",") > 0; }));
    environment.erase("CAMBIUM_TEST_PAUSE");
    return running;
  }

  /// Runs what is left and holds it against the undisturbed results; that something was resumed and not begun anew.
  void go_on() {
    const Ended ended = run({"run", "study.toml", "--workers", "2"});
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("8 of 8 are done"));
    EXPECT_GE(value("SELECT max(resumed_epoch) FROM runs WHERE state = 'done'"), 1);
    EXPECT_TRUE(results() == expected_);
    EXPECT_TRUE(std::filesystem::is_empty(folder() / "results/cambium.files/checkpoints"));
  }

  const Results expected_;
};

TEST_F(Interruption, TwoWorkersGiveWhatOneDoesToTheLastBit) {
  ASSERT_EQ(run({"run", "study.toml", "--workers", "2"}).status, 0);
  const Results two = results();
  EXPECT_GT(two.points.size(), 100u);
  EXPECT_TRUE(two == expected_);
}

TEST_F(Interruption, AfterKillOfAWorkerRunGoesOnToTheSameNumbers) {
  Running running = begin(2, "1");  // so that it is this one that has epochs behind it
  const auto workers = running.workers();
  ASSERT_FALSE(workers.empty());
  ::kill(workers.front(), SIGKILL);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("its worker was killed by signal 9"));
  const Json failures = rows("SELECT kind, error FROM failures");
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0]["kind"], "machine");
  EXPECT_EQ(value("SELECT count(*) FROM cells WHERE state = 'skipped'"), 2) << "those that start from it";
  EXPECT_EQ(value("SELECT count(*) FROM cells WHERE state = 'done'"), 5) << "the rest went on";
  go_on();
}

TEST_F(Interruption, AfterKillOfTheCoordinatorRunGoesOnToTheSameNumbers) {
  Running running = begin(2);
  const auto workers = running.workers();
  ASSERT_FALSE(workers.empty());
  ::kill(running.process(), SIGKILL);
  EXPECT_EQ(running.wait().status, -SIGKILL);
  for (const pid_t worker : workers)
    EXPECT_TRUE(wait_until([&] { return !std::filesystem::exists("/proc/" + std::to_string(worker) + "/exe"); }))
        << "a worker dies with its coordinator";
  EXPECT_EQ(value("SELECT count(*) FROM runs WHERE state = 'running'"), 0) << "nobody is at it";
  EXPECT_GT(value("SELECT count(*) FROM cells WHERE state = 'interrupted' AND error LIKE 'interrupted after epoch %'"),
            0);
  EXPECT_EQ(value("SELECT sum(running) FROM studies"), 0);
  EXPECT_THAT(run({"runs"}).out, HasSubstr("interrupted after epoch"));
  EXPECT_THAT(run({"plan", "study.toml"}).out, HasSubstr("interrupted "));
  go_on();
}

TEST_F(Interruption, AfterCtrlCRunGoesOnToTheSameNumbers) {
  Running running = begin(2, "2", "1h");  // so that nothing is written before
  ::kill(-running.process(), SIGINT);     // to its whole group, as a terminal sends it
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 130) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("stopped; the same command goes on where it was"));
  EXPECT_GT(value("SELECT count(*) FROM runs WHERE state = 'interrupted'"), 0);
  EXPECT_EQ(value("SELECT count(*) FROM runs WHERE state IN ('running', 'failed')"), 0);
  go_on();
}

TEST_F(Interruption, AHangUpEndsItAsCtrlCDoes) {
  Running running = begin(2);
  ::kill(-running.process(), SIGHUP);
  EXPECT_EQ(running.wait().status, 130);
  EXPECT_GT(value("SELECT count(*) FROM runs WHERE state = 'interrupted'"), 0);
  go_on();
}

TEST_F(Interruption, AHangUpThatWasIgnoredAtTheStartIsIgnored) {
  ::signal(SIGHUP, SIG_IGN);  // as nohup does
  Running running = begin(2);
  ::signal(SIGHUP, SIG_DFL);
  ::kill(-running.process(), SIGHUP);
  EXPECT_EQ(running.wait().status, 0);
  EXPECT_TRUE(results() == expected_);
}

TEST_F(Interruption, CtrlZHaltsTheWorkersTooAndAllGoesOn) {
  Running running = begin(1);
  std::vector<pid_t> all = running.workers();
  ASSERT_EQ(all.size(), 2u);
  all.push_back(running.process());
  const auto are_all = [&](const std::string& states) {
    return std::all_of(all.begin(), all.end(), [&](pid_t process) {
      const std::string stat = read("/proc/" + std::to_string(process) + "/stat");
      return states.find(stat[stat.rfind(')') + 2]) != std::string::npos;
    });
  };
  for (int twice = 0; twice < 2; ++twice) {
    ::kill(-running.process(), SIGTSTP);  // to its group, as a terminal sends it
    EXPECT_TRUE(wait_until([&] { return are_all("T"); }));
    ::kill(-running.process(), SIGCONT);  // as the shell's fg does
    EXPECT_TRUE(wait_until([&] { return are_all("RSD"); }));
  }
  EXPECT_EQ(running.wait().status, 0);
  EXPECT_TRUE(results() == expected_);
}

TEST_F(Interruption, ASecondCoordinatorIsToldWhoHoldsTheDatabase) {
  Running first = begin(1, "1");
  const Ended second = run({"run", "study.toml"});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.err, AllOf(HasSubstr("results/cambium.db is in use: process " + std::to_string(first.process())),
                                HasSubstr("has been running study \"small\" since "), HasSubstr("--db FILE")));
  EXPECT_EQ(run({"status"}).status, 0) << "who only reads may";
  ::kill(first.process(), SIGTERM);
  EXPECT_EQ(first.wait().status, 130);
  go_on();
}

}  // namespace
}  // namespace cambium::test
