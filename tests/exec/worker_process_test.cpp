#include "exec/worker_process.h"

#include <gmock/gmock.h>
#include <poll.h>

#include "cambium/error.h"
#include "fake_worker.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Worker : public ::testing::Test {
 protected:
  std::unique_ptr<WorkerProcess> start(const std::string& answer, int threads = 1) {
    fake_ = std::make_unique<FakeWorker>("def answer(request):\n" + answer);
    return std::make_unique<WorkerProcess>(
        WorkerProcess::Options{{fake_->folder()}, threads, fake_->folder() / "worker.log"});
  }
  static std::string error_of(WorkerProcess& worker, const std::string& request = "1") {
    try {
      worker.ask(request);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::System);
      EXPECT_FALSE(error.hint().empty());
      return error.message();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  std::unique_ptr<FakeWorker> fake_;
};

TEST_F(Worker, AnswersOneRequestAfterAnother) {
  const auto worker = start("    return {'twice': 2 * request}");
  EXPECT_EQ(worker->ask("1"), R"({"twice": 2})");
  EXPECT_EQ(worker->ask("21"), R"({"twice": 42})");
}

TEST_F(Worker, IsToldItsPluginFoldersAndThreads) {
  const auto worker = start("    return sys.argv[1:] + [os.environ['OMP_NUM_THREADS']]", 3);
  EXPECT_EQ(worker->ask("1"), "[\"--plugins\", \"" + fake_->folder().string() + "\", \"3\"]");
}

TEST_F(Worker, GivesALineOnlyWhenItIsWhole) {
  const auto worker = start("    sys.stdout.write('half '); sys.stdout.flush(); time.sleep(0.1); return 'whole'");
  worker->send("1");
  pollfd first{worker->descriptor(), POLLIN, 0};
  ASSERT_EQ(::poll(&first, 1, 10000), 1);
  EXPECT_EQ(worker->receive(), std::nullopt);
  EXPECT_EQ(worker->ask("2"), "half whole");
}

TEST_F(Worker, ThatDiesIsToldBySignalAndLastWords) {
  const auto worker =
      start("    [print('line', i, file=sys.stderr) for i in range(30)]; os.kill(os.getpid(), signal.SIGSEGV)");
  EXPECT_THAT(error_of(*worker), AllOf(HasSubstr("the worker was killed by signal 11 (Segmentation fault)"),
                                       HasSubstr("line 10\n"), HasSubstr("line 29"), Not(HasSubstr("line 9\n"))));
}

TEST_F(Worker, ThatEndsIsToldByItsStatus) {
  const auto worker = start("    sys.exit(3)");
  EXPECT_EQ(error_of(*worker), "the worker ended with exit status 3");
}

TEST_F(Worker, ThatIsKilledIsToldFromOneThatDied) {
  const auto worker = start("    time.sleep(60)");
  worker->send("1");
  worker->kill();
  const WorkerEnd end = worker->reap();
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_EQ(end.words, "was killed by signal 9 (Killed)");
}

TEST_F(Worker, ThatPrintsDoesNotMixItUpWithAnswers) {
  const auto worker = start("    print('before the next', file=sys.stderr, flush=True); return 'answer'");
  EXPECT_EQ(worker->ask("1"), "answer");
  const auto position = worker->log_position();
  EXPECT_EQ(worker->ask("2"), "answer");
  EXPECT_EQ(worker->printed_since(position), "before the next");
}

TEST_F(Worker, ThatIsNotThereIsToldAtOnce) {
  ::setenv("CAMBIUM_WORKER", "/nowhere/worker", 1);
  const TemporaryFolder folder;
  try {
    WorkerProcess({{}, 1, folder.path() / "log"});
    ADD_FAILURE() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "cannot start /nowhere/worker: No such file or directory");
  }
  ::unsetenv("CAMBIUM_WORKER");
}

}  // namespace
}  // namespace cambium::test
