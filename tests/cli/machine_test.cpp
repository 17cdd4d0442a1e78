#include <gmock/gmock.h>

#include <cstdint>
#include <filesystem>

#include "program.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTwo = R"([study]
name = "two"
[stage.one]
backbone = { plugin = "mlp", hidden = [8] }
data     = { plugin = "shapes", train_per_class = 2, test_per_class = 1 }
train    = { epochs = 2, batch = 8 }
strategy = "from_scratch"
[stage.one.grid]
"train.lr" = [0.01, 0.02]
)";

using Machine = CliTest;

TEST_F(Machine, AWorkerThatCannotStartIsNoCellsFailureAndTheSameCommandGoesOn) {
  write("two.toml", kTwo);
  ASSERT_EQ(run({"check", "two.toml"}).status, 0);  // plugins' answers are kept: the first worker is one that trains
  write("libraries/libjpeg.so.62", "junk");
  environment["LD_LIBRARY_PATH"] = (folder() / "libraries").string();
  const Ended broken = run({"run", "two.toml"});
  if (broken.status == 0) GTEST_SKIP() << "the worker needs no libjpeg.so.62";
  EXPECT_EQ(broken.status, 1);
  EXPECT_THAT(broken.err, HasSubstr("libjpeg.so.62"));
  EXPECT_EQ(value("SELECT count(*) FROM cells WHERE state = 'pending'"), 2);
  environment.erase("LD_LIBRARY_PATH");
  EXPECT_EQ(run({"run", "two.toml"}).status, 0);
}

TEST_F(Machine, DataThatGoesAwayStopsTheRunInTheLoadersOwnWords) {
  const auto big = [&](std::uint32_t n) { return std::string{char(n >> 24), char(n >> 16), char(n >> 8), char(n)}; };
  for (const char* name : {"train", "t10k"}) {
    const std::string split = name;
    std::string pixels, labels;
    for (int i = 0; i < 8; ++i) {
      pixels += std::string(16, char(i * 16));
      labels += char(i % 2);
    }
    write("set/" + split + "-images-idx3-ubyte", big(0x803) + big(8) + big(4) + big(4) + pixels);
    write("set/" + split + "-labels-idx1-ubyte", big(0x801) + big(8) + labels);
  }
  write("study.toml",
        "[stage.one]\nbackbone = { plugin = \"mlp\", hidden = [8] }\ndata = { plugin = \"idx\", root = \"set\" }\n"
        "strategy = \"slow\"\ntrain = { epochs = 2, batch = 4 }\nseeds = [0, 1, 2]\n");
  environment["CAMBIUM_TEST_PAUSE"] = "250";
  Running running = start({"run", "study.toml", "--data", folder().string(), "--workers", "1"});
  ASSERT_TRUE(wait_until([&] { return events_with("\"epoch\":1,") > 0; }));
  std::filesystem::rename(folder() / "set", folder() / "gone");
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("set"));
  EXPECT_EQ(value("SELECT count(*) FROM cells WHERE state = 'failed'"), 0) << ended.err;
  std::filesystem::rename(folder() / "gone", folder() / "set");
  EXPECT_EQ(run({"run", "study.toml", "--data", folder().string(), "--workers", "1"}).status, 0);
}

TEST_F(Machine, StatusTellsFailuresByTheirKind) {
  write("two.toml", kTwo);
  EXPECT_EQ(run({"run", "two.toml", "--time-limit", "soon"}).status, 2);
  EXPECT_EQ(run({"run", "two.toml", "--set", "stage.one.train.weight_decay=10", "--set", "stage.one.train.epochs=20",
                 "--set", "stage.one.grid.train.lr=[900, 1000]"})
                .status,
            1);
  EXPECT_THAT(run({"status"}).out, HasSubstr("2 diverged"));
  EXPECT_THAT(run({"runs"}).out, HasSubstr("diverged"));
  EXPECT_EQ(value("SELECT group_concat(DISTINCT failure) FROM cells"), "diverged");
}

TEST_F(Machine, AStudyIsNeverReplacedWithoutAWord) {
  write("two.toml", kTwo);
  ASSERT_EQ(run({"run", "two.toml", "--set", "study.seeds=[0,1]"}).status, 0);
  const Ended fewer = run({"run", "two.toml", "--set", "study.seeds=[1]"});
  EXPECT_EQ(fewer.status, 0);
  EXPECT_THAT(fewer.err, HasSubstr("study \"two\" keeps its 4 cells: these are 2 of them"));
  EXPECT_EQ(value("SELECT count(*) FROM cells"), 4);

  write("other/two.toml", kTwo + "\"train.momentum\" = [0.5]\n");
  const Ended file = run({"run", "other/two.toml"});
  EXPECT_EQ(file.status, 2);
  EXPECT_THAT(file.err, AllOf(HasSubstr("has a study \"two\" already, of "), HasSubstr("other/two.toml")));
  EXPECT_EQ(value("SELECT count(*) FROM cells"), 4);

  const Ended replaced = run({"run", "other/two.toml", "--replace"});
  EXPECT_EQ(replaced.status, 0);
  EXPECT_THAT(replaced.err, HasSubstr("4 of 4 cells that it had are no longer part of it"));
  const Ended set = run({"run", "other/two.toml", "--set", "stage.one.train.epochs=1"});
  EXPECT_THAT(set.err, AllOf(HasSubstr("2 of 2 cells that it had"), HasSubstr("--set study.name=NAME")));
}

TEST_F(Machine, GcTellsWhatMayGoAndRemovesItOnlyWhenTold) {
  write("two.toml", kTwo);
  ASSERT_EQ(run({"run", "two.toml"}).status, 0);
  write("results/cambium.files/checkpoints/0123456789abcdef.safetensors", "of no cell");
  const auto files = [this](const std::string& in) {
    return std::distance(std::filesystem::directory_iterator(folder() / "results/cambium.files" / in), {});
  };
  const auto weights = files("weights");
  const Ended told = run({"gc"});
  EXPECT_EQ(told.status, 0) << told.err;
  EXPECT_THAT(told.out, AllOf(HasSubstr("checkpoints"), HasSubstr("logs"), Not(HasSubstr("\nweights")),
                              HasSubstr("--delete removes them")));
  EXPECT_EQ(files("checkpoints"), 1);

  ASSERT_EQ(run({"run", "two.toml", "--replace", "--set", "stage.one.train.epochs=1"}).status, 0);
  EXPECT_THAT(run({"gc", "--delete"}).out, AllOf(HasSubstr("weights"), HasSubstr("removed: ")));
  EXPECT_EQ(files("checkpoints"), 0);
  EXPECT_EQ(files("weights"), weights) << "those of cells that are in no study any more are gone";
  EXPECT_EQ(value("SELECT count(*) FROM artifacts"), weights);
  EXPECT_THAT(run({"gc"}).out, HasSubstr("nothing may go"));
}

TEST_F(Machine, AnEndlessQueryEndsByALimitThatItNames) {
  write("two.toml", kTwo);
  ASSERT_EQ(run({"run", "two.toml"}).status, 0);
  const std::string endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT ";
  const Ended rows = run({"query", endless + "x FROM n", "--format", "csv", "--limit", "2500"});
  EXPECT_EQ(rows.status, 1);
  EXPECT_THAT(rows.err, AllOf(HasSubstr("after 2500 rows, the limit"), HasSubstr("--limit N")));
  EXPECT_THAT(rows.out, AllOf(HasSubstr("x\n1\n2\n"), HasSubstr("\n999\n1000\n1001\n")));
  const Ended time = run({"query", endless + "count(*) FROM n", "--time-limit", "0.3s"});
  EXPECT_EQ(time.status, 1);
  EXPECT_THAT(time.err, AllOf(HasSubstr("after 0.3 s, the limit"), HasSubstr("--time-limit")));
  const Json all = Json::parse(run({"query", endless + "x FROM n LIMIT 2001", "--format", "json"}).out);
  EXPECT_EQ(all.size(), 2001u);
  EXPECT_EQ(all[2000]["x"], 2001);
  EXPECT_EQ(run({"query", "SELECT 1 AS x WHERE 0", "--format", "json"}).out, "[]\n");
}

}  // namespace
}  // namespace cambium::test
