#include <gmock/gmock.h>

#include "program.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A stage that is right, on which each test does something wrong. It takes lines 1 to 5.
const std::string kStage = R"([stage.one]
backbone = { plugin = "mlp", hidden = [8] }
data     = { plugin = "shapes", train_per_class = 4, test_per_class = 2 }
strategy = "from_scratch"
train    = { epochs = 1 }
)";

class Check : public CliTest {
 protected:
  Ended check(const std::string& text, std::vector<std::string> more = {}) {
    write("study.toml", text);
    more.insert(more.begin(), {"check", "study.toml"});
    return run(more);
  }
  /// What `check` says of a study that is wrong; that it says so by exit status 2, and leaves nothing behind.
  std::string told(const std::string& text, std::vector<std::string> more = {}) {
    const Ended ended = check(text, std::move(more));
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.out, "");
    EXPECT_FALSE(std::filesystem::exists(folder() / "results"));
    return ended.err;
  }
};

TEST_F(Check, SaysWhatARightStudyComesTo) {
  const Ended ended = check("study.allow = [\"few-pairs\", \"best-of-n\"]\n" + kStage +
                            "[stage.one.grid]\n\"train.lr\" = [0.1, 0.2]\n");
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out, "study.toml: study \"study\" is right: 2 cells in 1 stage (one 2)\n");
  EXPECT_EQ(ended.err, "");
}

TEST_F(Check, TellsAllErrorsAtOnceInTheFilesOrder) {
  const std::string err = told(R"([study]
sedes = [0]
[stage.one]
backbone = { plugin = "mpl" }
data     = { plugin = "shapes", famly = "a", per_class = -1 }
strategy = "from_scratch"
train    = { epochs = 1.5, lr = "fast", optimizer = "sdg" }
)");
  EXPECT_EQ(err, R"(study.toml:2:1: error: [study] has no key sedes
    did you mean seeds?
study.toml:4:23: error: there is no backbone plugin mpl
    did you mean mlp?
study.toml:5:33: error: nothing in stage one reads data.famly
    did you mean data.family?
study.toml:5:58: error: per_class of data is -1, out of range
    it takes from 0 to 1000000000
study.toml:7:23: error: epochs of train is the number 1.5
    it takes a whole number
study.toml:7:33: error: lr of train is the string "fast"
    it takes a number
study.toml:7:53: error: optimizer of train cannot be "sdg"
    did you mean "sgd"?
7 errors
)");
}

TEST_F(Check, TellsASyntaxErrorWithItsPlace) {
  EXPECT_THAT(told("[study]\nname = \"x\n"), AllOf(HasSubstr("study.toml:2:"), HasSubstr("error: ")));
}

TEST_F(Check, TellsAMissingStudyFile) {
  const Ended ended = run({"check", "nowhere.toml"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("nowhere.toml"));
}

TEST_F(Check, TellsStagesThatGoRoundInACircle) {
  EXPECT_THAT(told(kStage + "init = \"two\"\n[stage.two]\ninit = \"one\"\ndata = \"shapes\"\n"
                            "strategy = \"full_finetuning\"\ntrain = { epochs = 1 }\n"),
              AllOf(HasSubstr("study.toml:"), HasSubstr("circle")));
}

TEST_F(Check, TellsAnEmptyGridAndAnEmptyAxis) {
  EXPECT_THAT(told(kStage + "[stage.one.grid]\n"), AllOf(HasSubstr("study.toml:6:"), HasSubstr("is empty")));
  EXPECT_THAT(told(kStage + "[stage.one.grid]\n\"train.lr\" = []\n"), HasSubstr("study.toml:7:"));
}

TEST_F(Check, TellsAnAxisThatIsThereTwice) {
  EXPECT_THAT(told(kStage + "[stage.one.grid]\n\"train.lr\" = [1, 2]\n[[stage.one.zip]]\n\"train.lr\" = [1, 2]\n"),
              AllOf(HasSubstr("study.toml:9:1: error: axis train.lr is there twice (first in line 7)")));
}

TEST_F(Check, TellsAnAxisThatNoCellReads) {
  EXPECT_THAT(told(kStage + "[stage.one.grid]\n\"strategy.cut\" = [1, 2]\n"),
              AllOf(HasSubstr("study.toml:7:1: error: "), HasSubstr("strategy.cut")));
}

TEST_F(Check, TellsAnUnknownPluginWithTheNearest) {
  std::string text = kStage;
  text.replace(text.find("\"mlp\""), 5, "\"mlpp\"");
  EXPECT_THAT(told(text), AllOf(HasSubstr("study.toml:2:"), HasSubstr("mlpp"), HasSubstr("did you mean mlp?")));
}

TEST_F(Check, TellsAMissingDataFileWithItsPlace) {
  const std::string err = told(
      "[stage.one]\nbackbone = \"mlp\"\ndata = { plugin = \"idx\", root = \"data/nothing\" }\n"
      "strategy = \"from_scratch\"\ntrain = { epochs = 1 }\n");
  EXPECT_THAT(err, AllOf(HasSubstr("study.toml:3:"), HasSubstr("data/nothing")));
}

TEST_F(Check, TellsAMissingWeightsFileWithItsPlace) {
  std::string text = kStage + "init = { file = \"weights/none.safetensors\" }\n";
  text.replace(text.find("from_scratch"), 12, "full_finetuning");
  EXPECT_THAT(told(text), AllOf(HasSubstr("study.toml:6:"), HasSubstr("none.safetensors")));
}

TEST_F(Check, ChecksWhatSetSaysLikeTheFile) {
  EXPECT_THAT(told(kStage, {"--set", "stage.one.train.lr=\"fast\""}), HasSubstr("lr"));
  EXPECT_THAT(told(kStage, {"--set", "stage.one.train.ir=1"}), HasSubstr("did you mean train.lr?"));
  EXPECT_EQ(check(kStage, {"--set", "stage.one.train.lr=1e-3"}).status, 0);
}

TEST_F(Check, TellsADataPluginThatDiesWhenItIsOpened) {
  const Ended ended = check(
      "[stage.one]\nbackbone = \"mlp\"\ndata = { plugin = \"sick\", opening = \"crash\" }\n"
      "strategy = \"from_scratch\"\ntrain = { epochs = 1 }\n");
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("study.toml:3:"), HasSubstr("data set sick cannot be asked"),
                               HasSubstr("signal 11"), HasSubstr("about to crash"), Not(HasSubstr("terminate"))));
}

}  // namespace
}  // namespace cambium::test
