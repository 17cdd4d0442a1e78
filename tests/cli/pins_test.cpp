#include <gmock/gmock.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>

#include "program.h"
#include "protocol/messages.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Plugins of its own, which can be built anew while a study runs.
class Pins : public CliTest {
 protected:
  Pins() {
    fs::create_directories(folder() / "plugins");
    for (const auto& entry : fs::directory_iterator(CAMBIUM_BUILD_DIR "/tests/troubled"))
      if (entry.path().extension() == ".so") library_ = folder() / "plugins" / entry.path().filename();
    fs::copy_file(fs::path(CAMBIUM_BUILD_DIR "/tests/troubled") / library_.filename(), library_);
    environment["CAMBIUM_PLUGINS"] = library_.parent_path().string();
    environment["XDG_CACHE_HOME"] = (folder() / "cache").string();
  }
  /// As a linker does it: another file takes its place.
  void build_anew() {
    const fs::path other = folder() / "other.so";
    fs::copy_file(library_, other);
    std::ofstream(other, std::ios::binary | std::ios::app) << "!";
    fs::rename(other, library_);
  }
  fs::path library_;
};

TEST_F(Pins, APluginThatIsBuiltAnewStopsTheRunAndTheSameCommandBeginsAnew) {
  write("study.toml", R"([stage.one]
backbone = { plugin = "mlp", hidden = [8] }
data     = { plugin = "shapes", train_per_class = 2, test_per_class = 1 }
strategy = "slow"
train    = { epochs = 6 }
[stage.one.grid]
"train.lr" = [0.01, 0.02]
)");
  environment["CAMBIUM_TEST_PAUSE"] = "250";
  Running running = start({"run", "study.toml", "--workers", "1", "--checkpoint", "0"});
  ASSERT_TRUE(wait_until([&] { return events_with("\"epoch\":2,") > 0; }));
  build_anew();
  for (const pid_t worker : running.workers()) ::kill(worker, SIGKILL);
  environment.erase("CAMBIUM_TEST_PAUSE");
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("the library of the strategy slow"), HasSubstr("since the study was checked"),
                               HasSubstr("run the same command again")));
  EXPECT_EQ(value("SELECT count(*) FROM cells WHERE state = 'failed' AND error NOT LIKE '%signal 9%'"), 0);

  const Ended again = run({"run", "study.toml", "--workers", "1"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("another library of plugin slow"));
  EXPECT_THAT(std::string(value("SELECT note FROM runs WHERE note IS NOT NULL")), HasSubstr("begun anew"));
  EXPECT_EQ(value("SELECT max(resumed_epoch) FROM runs WHERE state = 'done'"), 0);
}

TEST_F(Pins, OfAJobMustHoldOrItIsNotDone) {
  using Values = std::map<std::string, ParamValue>;
  TrainJob job;
  job.cell = std::string(64, 'c');
  job.backbone = {"mlp", Params(Values{{"hidden", std::vector<std::int64_t>{4}}})};
  job.data = {"shapes", Params(Values{{"train_per_class", std::int64_t(2)}, {"test_per_class", std::int64_t(1)}})};
  job.strategy = {"from_scratch", {}};
  job.data_root = folder().string();
  job.weights_stem = folder() / "weights";
  job.selections = folder().string();
  job.checkpoint = folder() / "checkpoint";
  const auto answer = [&](const cambium::Pins& pins) {
    job.pins = pins;
    job.events = folder() / "events.jsonl";
    fs::remove(job.events);
    write("request", Json(job).dump() + "\n");
    const std::string command = std::string(CAMBIUM_BUILD_DIR "/bin/cambium-worker < ") +
                                (folder() / "request").string() + " > " + (folder() / "reply").string() +
                                " 2> /dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read(folder() / "reply");
  };
  EXPECT_THAT(answer({{{PluginKind::Backbone, "mlp", "00"}}, "", ""}), HasSubstr("the library of the backbone mlp"));
  EXPECT_THAT(answer({{{PluginKind::Strategy, "gone", "00"}}, "", ""}), HasSubstr("the library of the strategy gone"));
  EXPECT_THAT(answer({{}, "00", ""}), HasSubstr("the data of shapes has changed"));
  EXPECT_THAT(answer({{}, "", "00"}), HasSubstr("the file that the network of mlp is read from has changed"));
  EXPECT_THAT(answer({}), HasSubstr("\"state\":\"done\""));
}

}  // namespace
}  // namespace cambium::test
