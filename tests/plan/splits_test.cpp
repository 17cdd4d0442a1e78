#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "plan_fixture.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// Base networks on both halves of two splits; and what is carried over from a half to itself and to the other.
const std::string kHalves =
    "[stage.base]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"eight\" }\nstrategy = \"scratch\"\n"
    "train = { epochs = 2, lr = 0.1 }\n"
    "[stage.base.grid]\n\"data.split\" = [0, 1]\n\"data.half\" = [\"A\", \"B\"]\n"
    "[stage.transfer]\ndata = { plugin = \"toy\", root = \"eight\" }\ntrain = { epochs = 2, lr = 0.1 }\n"
    "[stage.transfer.grid]\n\"data.split\" = [0, 1]\n\"data.half\" = [\"A\", \"B\"]\n\"strategy.cut\" = [1, 2]\n";
const std::string kArms =
    "[[stage.transfer.zip]]\narm = [\"own\", \"other\"]\nstrategy = [\"cut\", \"cut\"]\n"
    "init = [{ stage = \"base\", same = [\"data.split\", \"data.half\"] }, "
    "{ stage = \"base\", same = [\"data.split\"], other = [\"data.half\"], disjoint = true }]\n";

class Splits : public PlanTest {
 protected:
  static std::set<std::string> different(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }
  static nlohmann::json replicate(const Entry& entry) { return nlohmann::json::parse(entry.replicate); }
};

TEST_F(Splits, StartFromTheSameHalfOrTheOtherOfTheSameSplit) {
  const Plan plan = good(kHalves + kArms);
  int checked = 0;
  for (const Entry& entry : plan.entries) {
    if (plan.stages[entry.stage] != "transfer") continue;
    const Cell& target = plan.cells[entry.cell];
    const Cell& source = plan.cells[std::size_t(target.source)];
    EXPECT_EQ(source.data->settings.integer("split"), target.data->settings.integer("split"));
    EXPECT_EQ(source.data->settings.string("half") == target.data->settings.string("half"),
              entry.arm.rfind("own", 0) == 0);
    EXPECT_EQ(replicate(entry).at("data.half").get<std::string>(), target.data->settings.string("half"));
    ++checked;
  }
  EXPECT_EQ(checked, 2 * 2 * 2 * 2);  // arms, cuts, splits, halves
}

TEST_F(Splits, AreReplicatesAndMakeNoArms) {
  const Plan plan = good(kHalves + kArms);
  EXPECT_THAT(different(arms(plan, "transfer")),
              ElementsAre("other, cut=1", "other, cut=2", "own, cut=1", "own, cut=2"));
  EXPECT_THAT(different(arms(plan, "base")), ElementsAre("scratch"));
  for (const Entry& entry : plan.entries) {
    const auto axes = nlohmann::json::parse(entry.axes);
    EXPECT_FALSE(axes.contains("data.split") || axes.contains("data.half"));
    EXPECT_TRUE(replicate(entry).contains("data.split") && replicate(entry).contains("data.half"));
  }
}

TEST_F(Splits, MakeArmsWhereTheStudyDoesNotCountThemAsReplicates) {
  const Plan plan = good("[study]\nreplicates = [\"data.split\"]\n" + kHalves + kArms);
  EXPECT_THAT(different(arms(plan, "base")), ElementsAre("half=A", "half=B"));
}

TEST_F(Splits, HalveTheClassesOfTheNetworkToo) {
  const Plan plan = good(kHalves + kArms);
  for (const Cell& cell : plan.cells) EXPECT_EQ(cell.dataset->classes.size(), 4u);
}

TEST_F(Splits, TellKeysThatNeitherStageReads) {
  compile(kHalves +
          "[[stage.transfer.zip]]\nstrategy = [\"cut\"]\ninit = [{ stage = \"base\", same = [\"data.spilt\"] }]\n");
  EXPECT_THAT(told(), ::testing::Contains(HasSubstr("no cell of stage base reads data.spilt")));
}

TEST_F(Splits, TellCellsThatFindNothingToStartFrom) {
  compile(kHalves + kArms, {"stage.base.grid.data.split=[0]"});
  EXPECT_THAT(told(), ::testing::Contains(HasSubstr("find no cell of stage base")));
}

TEST_F(Splits, ProveThatSourceAndTargetShareNoClass) {
  std::string wrong = kHalves + kArms;
  wrong.replace(wrong.find("same = [\"data.split\", \"data.half\"]"), 35,
                "same = [\"data.split\", \"data.half\"], disjoint = true");
  compile(wrong);
  EXPECT_THAT(told(), ::testing::Contains(HasSubstr("are not disjoint: they share class")));
}

TEST_F(Splits, TellAnOddNumberOfClassesWhereItIsAskedFor) {
  compile(kHalves + kArms, {"stage.base.data.except=[\"a\"]"});
  EXPECT_THAT(told(), ::testing::Contains(HasSubstr("7 classes cannot be halved")));
}

TEST_F(Splits, TellABaselineThatNoCellHas) {
  compile("[study]\nbaseline = \"owm\"\n" + kHalves + kArms);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("no arm is called \"owm\"")));
  EXPECT_THAT(hint(), HasSubstr("did you mean"));
}

TEST_F(Splits, TellReplicatesThatAreNoAxes) {
  compile("[study]\nreplicates = [\"data.spilt\"]\n" + kHalves + kArms);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("replicates names data.spilt, which is an axis of no stage")));
}

class Rigour : public PlanTest {
 protected:
  std::vector<std::string> warnings(const std::string& text) {
    const Plan plan = good(text);
    std::vector<std::string> result;
    for (const Problem& warning : plan.warnings) result.push_back(warning.message);
    return result;
  }
};

const std::string kRates = kTransfer + "[[stage.transfer.zip]]\nstrategy = [\"copy\", \"scratch\"]\n";

TEST_F(Rigour, WantsFineTuningTenToAHundredTimesSlowerThanFromScratch) {
  for (const char* rate : {"0.1", "0.011", "0.0009"})
    EXPECT_THAT(warnings(kRates + "\"train.lr\" = [" + rate + ", 0.1]\n"),
                ElementsAre(HasSubstr("below the 0.1 of the arm from scratch: copy")));
  for (const char* rate : {"0.01", "0.001", "0.004"})
    EXPECT_THAT(warnings(kRates + "\"train.lr\" = [" + rate + ", 0.1]\n"), IsEmpty());
}

TEST_F(Rigour, TakesASweepThatHoldsAFittingRate) {
  EXPECT_THAT(
      warnings(kTransfer + "[stage.transfer.grid]\nstrategy = [\"copy\", \"scratch\"]\n\"train.lr\" = [0.1, 0.01]\n"),
      // 0.1 has no scratch rate of 1 to 10; 0.01 has 0.1.
      UnorderedElementsAre(HasSubstr("the arm from scratch: copy, lr=0.1 (0.1)"),
                           HasSubstr("differ in train.lr alone")));
}

TEST_F(Rigour, WantsEqualStepsOfArmsOnTheSameImages) {
  EXPECT_THAT(warnings(kRates + "\"train.lr\" = [0.01, 0.1]\n\"train.epochs\" = [2, 3]\n"),
              ElementsAre(HasSubstr("on the same images: copy (2 steps); scratch (3 steps)")));
  EXPECT_THAT(
      warnings(kTransfer + "[[stage.transfer.zip]]\nstrategy = [\"copy\", \"scratch\"]\n\"train.lr\" = [0.01, 0.1]\n"
                           "[stage.transfer.grid]\n\"train.epochs\" = [2, 3]\n"),
      ElementsAre(HasSubstr("differ in train.epochs alone")));
}

TEST_F(Rigour, TellsOfAKindOnceWithTheArmsItHoldsFor) {
  const std::string three =
      "[[stage.transfer.zip]]\nstrategy = [\"copy\", { plugin = \"cut\", cut = 1, frozen = false }, \"scratch\"]\n"
      "\"train.lr\" = [0.1, 0.05, 0.1]\n";
  EXPECT_THAT(warnings(kTransfer + three),
              ElementsAre(AllOf(HasSubstr("copy, lr=0.1 (0.1); "), HasSubstr("lr=0.05 (0.05)"))));
}

TEST_F(Rigour, CanBeWaivedByNameForAStageOrTheStudy) {
  const std::string unusual = kRates + "\"train.lr\" = [0.1, 0.1]\n\"train.epochs\" = [2, 3]\n";
  EXPECT_EQ(warnings(unusual).size(), 2u);
  std::string allowed = unusual;
  allowed.insert(allowed.find("init = \"base\""), "allow = [\"finetune-rate\", \"unequal-steps\"]\n");
  EXPECT_THAT(warnings(allowed), IsEmpty());
  compile("study.allow = [\"finetune-rat\"]\n" + kBase.substr(kBase.find("[stage.base]")));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("there is no rule \"finetune-rat\" to allow")));
}

}  // namespace
}  // namespace cambium::test
