#include "study/study.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temporary_folder.h"

namespace cambium {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StudyFile : public ::testing::Test {
 protected:
  Study read(const std::string& text, const std::vector<std::string>& sets = {}) {
    return read_study(folder_.write("study.toml", text), sets, problems_);
  }
  /// "line:column: message" of each problem.
  std::vector<std::string> told() {
    std::vector<std::string> result;
    for (const Problem& problem : problems_.sorted())
      result.push_back(fmt::format("{}:{}: {}", problem.place.line, problem.place.column, problem.message));
    return result;
  }
  std::string hint() { return problems_.sorted().empty() ? "" : problems_.sorted().front().hint; }

  test::TemporaryFolder folder_;
  Problems problems_;
};

std::vector<std::string> axis_names(const Stage& stage) {
  std::vector<std::string> names;
  for (const Axis& axis : stage.axes) {
    std::string name;
    for (const Axis::Key& key : axis.keys) name += (name.empty() ? "" : "+") + key.name;
    names.push_back(name);
  }
  return names;
}

const char* const kStage = "[stage.s]\nbackbone = \"mlp\"\n";

TEST_F(StudyFile, KeepsStagesAndAxesInFileOrder) {
  const Study study = read(
      "[study]\nname = \"x\"\nseeds = [3, 1]\n[stage.zebra]\n[stage.zebra.grid]\n\"train.lr\" = [1]\n\"data.b\" = [1]\n"
      "\"backbone.a\" = [1]\n[stage.ant]\nseeds = [7]\n");
  EXPECT_THAT(told(), IsEmpty());
  ASSERT_EQ(study.stages.size(), 2u);
  EXPECT_EQ(study.stages[0].name, "zebra");
  EXPECT_THAT(axis_names(study.stages[0]), ElementsAre("train.lr", "data.b", "backbone.a"));
  EXPECT_THAT(study.stages[0].seeds, ElementsAre(3, 1));
  EXPECT_THAT(study.stages[1].seeds, ElementsAre(7));
}

TEST_F(StudyFile, TakesQuotedAndNestedAxisNamesAlike) {
  const Study study = read(std::string(kStage) + "[stage.s.grid]\ntrain.lr = [1, 2]\n\"train.batch\" = [3]\n");
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(axis_names(study.stages[0]), ElementsAre("train.lr", "train.batch"));
}

TEST_F(StudyFile, ZippedAxesMarchTogether) {
  const Study study = read(std::string(kStage) + "[[stage.s.zip]]\n\"train.lr\" = [1, 2]\n\"train.batch\" = [3, 4]\n");
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(axis_names(study.stages[0]), ElementsAre("train.lr+train.batch"));
  EXPECT_EQ(study.stages[0].axes[0].size(), 2u);
}

TEST_F(StudyFile, TellsZipsOfDifferentLength) {
  read(std::string(kStage) + "[[stage.s.zip]]\n\"train.lr\" = [1, 2]\n\"train.batch\" = [3]\n");
  EXPECT_THAT(told(), ElementsAre("5:17: train.batch has 1 values and train.lr has 2: zipped axes march together"));
}

TEST_F(StudyFile, TellsAnAxisThatIsThereTwice) {
  read(std::string(kStage) +
       "[stage.s.grid]\n\"train.lr\" = [1]\n[[stage.s.zip]]\n\"train.lr\" = [2]\n\"train.batch\" = [2]\n");
  EXPECT_THAT(told(), ElementsAre("6:1: axis train.lr is there twice (first in line 4)"));
}

TEST_F(StudyFile, TellsAnAxisWrittenInTwoWays) {
  read(std::string(kStage) + "[stage.s.grid]\n\"train.lr\" = [1]\ntrain.lr = [2]\n");
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0], ::testing::HasSubstr("axis train.lr is there twice"));
}

TEST_F(StudyFile, TellsASyntaxErrorWithItsPlace) {
  read("[study]\nname = \n");
  ASSERT_EQ(told().size(), 1u);
  EXPECT_EQ(told()[0].substr(0, 2), "2:");
}

TEST_F(StudyFile, TellsEverythingAtOnceInTheFilesOrder) {
  read("[study]\nseed = [1]\n[stage.s]\nbackbon = \"mlp\"\n[stage.s.grid]\n\"train.lr\" = []\n");
  EXPECT_THAT(told(), ElementsAre("2:1: [study] has no key seed", "4:1: stage s has no key backbon",
                                  "6:14: axis train.lr has no values: the grid is empty"));
  EXPECT_EQ(problems_.sorted()[0].hint, "did you mean seeds?");
  EXPECT_EQ(problems_.sorted()[1].hint, "did you mean backbone?");
}

TEST_F(StudyFile, TellsAnEmptyGridAndAMissingStage) {
  read("[stage.s.grid]\n");
  EXPECT_THAT(told(), ElementsAre("1:1: the grid of stage s is empty"));
  problems_ = {};
  read("[study]\nname = \"x\"\n");
  EXPECT_THAT(told(), ElementsAre("0:0: the study has no stage"));
}

TEST_F(StudyFile, TellsSeedsThatAreNone) {
  for (const char* seeds : {"[]", "0", "-3", "2.5", "\"3\"", "2020-01-01", "{ range = [3, 1] }", "{ range = [-1, 1] }",
                            "[-1]", "[1.5]", "[\"a\"]"}) {
    problems_ = {};
    read(fmt::format("[study]\nseeds = {}\n[stage.s]\n", seeds));
    ASSERT_EQ(told().size(), 1u) << seeds;
    EXPECT_THAT(told()[0], ::testing::HasSubstr("seeds")) << seeds;
  }
  problems_ = {};
  read("[study]\nseeds = [1, 2, 1]\n[stage.s]\n");
  EXPECT_THAT(told(), ElementsAre("2:16: seeds has 1 twice"));
}

TEST_F(StudyFile, CountsSeedsFromZero) {
  for (const char* seeds : {"4", "4.0", "{ range = [0, 3] }", "{ range = [0, 3, 1] }", "[0, 1, 2, 3]"})
    EXPECT_THAT(read(fmt::format("[study]\nseeds = {}\n[stage.s]\n", seeds)).stages[0].seeds, ElementsAre(0, 1, 2, 3))
        << seeds;
  EXPECT_THAT(read("[stage.s]\nseeds = { range = [10, 30, 10] }\n").stages[0].seeds, ElementsAre(10, 20, 30));
  EXPECT_THAT(read("[stage.s]\n", {"study.seeds=2"}).stages[0].seeds, ElementsAre(0, 1));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(StudyFile, TellsAMissingFile) {
  read_study(folder_.path() / "none.toml", {}, problems_);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0], ::testing::HasSubstr("No such file"));
}

TEST_F(StudyFile, IncludesLieBelowTheFileThatIncludes) {
  folder_.write("base/base.toml",
                "[study]\nname = \"base\"\nseeds = [5]\n[stage.s]\ntrain = { lr = 0.1, batch = 8 }\n");
  const Study study = read("include = \"base/base.toml\"\n[study]\nname = \"mine\"\n[stage.s]\ntrain = { lr = 0.2 }\n");
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(study.name, "mine");
  EXPECT_THAT(study.stages[0].seeds, ElementsAre(5));
  EXPECT_EQ(canonical(*study.stages[0].base.find("train")), "{ batch = 8, lr = 0.2 }");
  EXPECT_THAT(study.text,
              ::testing::AllOf(::testing::HasSubstr("name = \"base\""), ::testing::HasSubstr("name = \"mine\"")));
}

TEST_F(StudyFile, TellsWhereAnIncludedFileIsWrong) {
  folder_.write("base.toml", "[stage.s]\nbogus = 1\n");
  read("include = \"base.toml\"\n");
  ASSERT_EQ(problems_.sorted().size(), 1u);
  EXPECT_EQ(problems_.sorted()[0].place.file, (folder_.path() / "base.toml").string());
  EXPECT_EQ(problems_.sorted()[0].place.line, 2);
}

TEST_F(StudyFile, ReadsWhatIsIncludedAgainAndAgainOnce) {
  folder_.write("0.toml", "[stage.s]\nstrategy = \"x\"\n");
  for (int i = 1; i <= 40; ++i) {
    const std::string last = std::to_string(i - 1) + ".toml\"";
    folder_.write(std::to_string(i) + ".toml", "include = [\"" + last + ", \"" + last + "]\n");
  }
  const Study study = read("include = \"40.toml\"\n");
  EXPECT_TRUE(told().empty());
  EXPECT_EQ(study.stages.size(), 1u);
  EXPECT_LT(study.text.size(), 10'000u);
}

TEST_F(StudyFile, DoesNotWaitForAPipe) {
  ASSERT_EQ(::mkfifo((folder_.path() / "pipe.toml").c_str(), 0600), 0);
  read("include = \"pipe.toml\"\n[stage.s]\n");
  EXPECT_THAT(told(), ::testing::Contains(::testing::HasSubstr("it is a pipe")));
}

TEST_F(StudyFile, TellsACircleOfIncludes) {
  folder_.write("a.toml", "include = \"study.toml\"\n");
  read("include = \"a.toml\"\n[stage.s]\n");
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0], ::testing::HasSubstr("includes itself"));
}

TEST_F(StudyFile, SetsAreTypedAsToml) {
  const Study study =
      read(std::string(kStage) + "train = { lr = 1 }\n",
           {"stage.s.train.lr=0.5", "stage.s.strategy=from_scratch", "study.seeds=[4, 5]", "stage.s.backbone.width=3"});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(canonical(*study.stages[0].base.find("train")), "{ lr = 0.5 }");
  EXPECT_EQ(canonical(*study.stages[0].base.find("strategy")), "\"from_scratch\"");
  EXPECT_EQ(canonical(*study.stages[0].base.find("backbone")), "{ plugin = \"mlp\", width = 3 }");
  EXPECT_THAT(study.stages[0].seeds, ElementsAre(4, 5));
}

TEST_F(StudyFile, SetsOfAxesGoToTheGrid) {
  const std::string grid = std::string(kStage) + "[stage.s.grid]\n\"train.lr\" = [1, 2]\n";
  const Study study = read(grid, {"stage.s.grid.train.lr=[3]"});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(study.stages[0].axes[0].size(), 1u);
  read(grid, {"stage.s.train.lr=3"});
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0], ::testing::HasSubstr("train.lr is an axis of stage s"));
}

TEST_F(StudyFile, SetsReachStagesWhoseNamesHaveDots) {
  const std::string text = "[stage.\"v1.0\"]\ntrain = { lr = 1 }\n[stage.\"v1\"]\ntrain = { lr = 1 }\n";
  for (const char* set : {"stage.\"v1.0\".train.lr=2", "stage.'v1.0'.train.lr=2", "stage.v1.0.train.lr=2",
                          "stage.\"v1.0\".\"train.lr\" = 2"}) {
    const Study study = read(text, {set});
    EXPECT_THAT(told(), IsEmpty()) << set;
    EXPECT_EQ(canonical(*study.stages[0].base.find("train")), "{ lr = 2 }") << set;
    EXPECT_EQ(canonical(*study.stages[1].base.find("train")), "{ lr = 1 }") << set;
  }
  const Study study = read(text, {"stage.\"v1.0\".grid.\"train.lr\"=[1, 2]"});
  EXPECT_EQ(study.stages[0].axes.at(0).size(), 2u);
  read(text + "[stage.\"v1.0\".grid]\n\"train.lr\" = [1]\n", {"stage.v1.0.train.lr=3"});
  EXPECT_EQ(problems_.sorted().at(0).hint, "--set 'stage.\"v1.0\".grid.train.lr=[...]' sets the axis");
}

TEST_F(StudyFile, TellsSetsThatHitNothing) {
  read(kStage, {"nonsense", "stage.t.train.lr=1", "train.lr=1", "stage.s.train.lr=[1"});
  EXPECT_EQ(told().size(), 4u);
}

TEST_F(StudyFile, ReadsExcludesAndExtras) {
  const Study study = read(std::string(kStage) +
                           "[[stage.s.exclude]]\nstrategy = [\"a\", \"b\"]\ntrain.lr = 1\n[[stage.s.extra]]\nstrategy "
                           "= { plugin = \"c\", cut = 2 }\n");
  EXPECT_THAT(told(), IsEmpty());
  ASSERT_EQ(study.stages[0].excludes.size(), 1u);
  EXPECT_EQ(study.stages[0].excludes[0].keys[0].values.size(), 2u);
  EXPECT_EQ(study.stages[0].excludes[0].keys[1].name, "train.lr");
  ASSERT_EQ(study.stages[0].extras.size(), 1u);
  EXPECT_EQ(study.stages[0].extras[0].keys[0].name, "strategy");
}

}  // namespace
}  // namespace cambium
