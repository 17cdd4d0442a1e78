#include <gmock/gmock.h>

#include "plan_fixture.h"
#include "weights/write.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Compile = PlanTest;

TEST_F(Compile, MultipliesAxesAndSeeds) {
  const Plan plan = good(kBase + "[stage.base.grid]\n\"train.lr\" = [0.1, 0.2, 0.3]\n\"backbone.width\" = [2, 4]\n");
  EXPECT_EQ(plan.cells.size(), 12u);
  EXPECT_EQ(plan.points, 12);
  EXPECT_EQ(plan.entries[0].arm, "lr=0.1, width=2");
  EXPECT_EQ(plan.entries[0].axes, R"({"train.lr":0.1,"backbone.width":2})");
  EXPECT_EQ(resolver_.asked_datasets, 1);
  EXPECT_EQ(resolver_.asked_networks, 2);
}

TEST_F(Compile, PairsEachSeedWithItsSource) {
  const Plan plan = good(kTransfer + "strategy = \"copy\"\n");
  for (const Entry& entry : plan.entries)
    if (entry.stage == 1) {
      const Cell& cell = plan.cells[entry.cell];
      ASSERT_GE(cell.source, 0);
      EXPECT_LT(std::size_t(cell.source), entry.cell);
      EXPECT_EQ(plan.cells[std::size_t(cell.source)].seed, cell.seed);
    }
}

TEST_F(Compile, StartsAllSeedsFromASingleSource) {
  const Plan plan = good(kTransfer + "strategy = \"copy\"\n", {"stage.base.seeds=[7]"});
  EXPECT_EQ(plan.cells.size(), 3u);
  EXPECT_EQ(plan.cells[1].source, 0);
  EXPECT_EQ(plan.cells[2].source, 0);
  compile(kTransfer + "strategy = \"copy\"\n", {"stage.base.seeds=[7, 8]"});
  EXPECT_THAT(told(),
              ElementsAre(HasSubstr("stage transfer runs seeds [0, 1], and stage base has [7, 8] to start from")));
}

TEST_F(Compile, CollapsesArmsThatDoNotReadAnAxis) {
  const Plan plan =
      good(kTransfer + "[stage.transfer.grid]\nstrategy = [\"scratch\", \"cut\"]\n\"strategy.cut\" = [1, 2, 3]\n");
  EXPECT_THAT(arms(plan, "transfer"), UnorderedElementsAre("scratch", "scratch", "cut, cut=1", "cut, cut=1",
                                                           "cut, cut=2", "cut, cut=2", "cut, cut=3", "cut, cut=3"));
  ASSERT_EQ(plan.merges.size(), 1u);
  EXPECT_EQ(plan.merges[0].strategy, "scratch");
  EXPECT_EQ(plan.merges[0].points, 6);
  EXPECT_EQ(plan.merges[0].cells, 2);
  EXPECT_THAT(plan.merges[0].unread, ElementsAre("strategy.cut"));
}

TEST_F(Compile, CollapsesScratchOverSourcesAndTellsSourcesApartElsewhere) {
  const Plan plan =
      good(kTransfer +
           "[stage.transfer.grid]\nstrategy = [\"scratch\", \"copy\"]\n[stage.base.grid]\n\"train.lr\" = [0.1, 0.2]\n");
  EXPECT_THAT(arms(plan, "transfer"), UnorderedElementsAre("scratch", "scratch", "lr=0.1, copy", "lr=0.1, copy",
                                                           "lr=0.2, copy", "lr=0.2, copy"));
}

TEST_F(Compile, TakesTheBackboneOfWhatItStartsFrom) {
  const Plan plan = good(
      kTransfer +
      "[stage.transfer.grid]\nstrategy = [\"scratch\", \"copy\"]\n[stage.base.grid]\n\"backbone.width\" = [2, 4]\n");
  EXPECT_EQ(plan.cells.size(), 12u);
  for (const Cell& cell : plan.cells)
    if (cell.source >= 0) {
      EXPECT_EQ(cell.backbone->digest, plan.cells[std::size_t(cell.source)].backbone->digest);
    }
  EXPECT_THAT(arms(plan, "transfer"), ::testing::Contains("width=2, scratch"));
}

TEST_F(Compile, InitCanBeAnAxis) {
  const std::string near_far =
      kBase +
      "[stage.far]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"c\" }\nstrategy = \"scratch\"\n"
      "[stage.transfer]\ndata = { plugin = \"toy\", root = \"b\" }\n[stage.transfer.grid]\ninit = [\"base\", "
      "\"far\"]\nstrategy = [\"scratch\", \"copy\"]\n";
  EXPECT_THAT(arms(good(near_far), "transfer"),
              UnorderedElementsAre("scratch", "scratch", "from base, copy", "from base, copy", "from far, copy",
                                   "from far, copy"));
}

TEST_F(Compile, ExcludesAndExtras) {
  const Plan plan = good(kTransfer +
                         "[stage.transfer.grid]\nstrategy = [\"copy\", \"scratch\"]\n\"train.lr\" = [0.1, 1e-2]\n"
                         "[[stage.transfer.exclude]]\nstrategy = \"copy\"\ntrain.lr = "
                         "0.01\n[[stage.transfer.extra]]\nstrategy = { plugin = \"cut\", cut = 1 }\ntrain.lr = 0.5\n");
  EXPECT_THAT(arms(plan, "transfer"),
              UnorderedElementsAre("copy, lr=0.1", "copy, lr=0.1", "scratch, lr=0.1", "scratch, lr=0.1",
                                   "scratch, lr=0.01", "scratch, lr=0.01", "cut(cut=1), lr=0.5", "cut(cut=1), lr=0.5"));
}

TEST_F(Compile, WarnsOfAnExcludeThatLeavesOutNothing) {
  good(kBase + "[stage.base.grid]\n\"train.lr\" = [0.1]\n[[stage.base.exclude]]\ntrain.lr = 0.7\n");
  EXPECT_THAT(told(), ElementsAre(HasSubstr("this exclude leaves out nothing")));
}

TEST_F(Compile, ZipsNameArms) {
  const Plan plan = good(kBase + "[[stage.base.zip]]\narm = [\"slow\", \"fast\"]\n\"train.lr\" = [0.1, 0.2]\n");
  EXPECT_THAT(arms(plan, "base"), ElementsAre("slow", "slow", "fast", "fast"));
}

TEST_F(Compile, SharesEqualCellsOfTwoStages) {
  std::string twice = kBase + kBase.substr(kBase.find("[stage.base]"));
  twice.replace(twice.rfind("stage.base"), 10, "stage.copy");
  const Plan plan = good(twice);
  EXPECT_EQ(plan.cells.size(), 2u);
  EXPECT_EQ(plan.entries.size(), 4u);
}

TEST_F(Compile, KeepsTheWeightsOfSourcesAlways) {
  const Plan plan = good(kTransfer + "strategy = \"copy\"\n", {"study.weights=\"sources\""});
  for (const Entry& entry : plan.entries) EXPECT_EQ(plan.cells[entry.cell].keep_weights, entry.stage == 0);
}

// What is wrong with a study is told with its place, all at once.

TEST_F(Compile, TellsEveryWrongKeyAndValueAtOnce) {
  compile(
      "[stage.base]\nbackbone = { plugin = \"net\", widht = 3 }\ndata = { plugin = \"toy\", root = 3, noise = 99 }\n"
      "strategy = \"scrach\"\ntrain = { epochs = \"two\", optimizer = \"sdg\", lr = -1 }\n");
  EXPECT_THAT(
      told(),
      ElementsAre("2:30: nothing in stage base reads backbone.widht", "3:33: root of dataset toy is the integer 3",
                  "3:44: noise of dataset toy is 99, out of range", "4:12: there is no strategy plugin scrach",
                  "5:20: epochs of train is the string \"two\"", "5:39: optimizer of train cannot be \"sdg\"",
                  "5:51: lr of train is -1, out of range"));
  EXPECT_EQ(hint(), "did you mean backbone.width?");
}

TEST_F(Compile, TellsAnAxisThatNothingReads) {
  compile(kBase + "[stage.base.grid]\n\"train.momentun\" = [0.1]\n\"strategy.cut\" = [1]\n");
  EXPECT_THAT(told(), ElementsAre("9:1: nothing in stage base reads train.momentun",
                                  "10:1: nothing in stage base reads strategy.cut"));
}

TEST_F(Compile, TellsAKeyThatIsReadOnlyElsewhere) {
  compile(kBase, {"stage.base.train.optimizer=adam", "stage.base.train.momentum=0.9"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("no cell of stage base reads train.momentum")));
  EXPECT_THAT(hint(), HasSubstr("optimizer = sgd"));
  EXPECT_TRUE(compile(kBase, {"stage.base.grid.train.optimizer=[\"adam\", \"sgd\"]", "stage.base.train.momentum=0.9"}));
}

TEST_F(Compile, TellsWhatARequiredParameterIs) {
  compile(kTransfer + "strategy = \"cut\"\n");
  EXPECT_THAT(told(), ElementsAre("12:12: strategy cut needs cut"));
  EXPECT_THAT(hint(), HasSubstr("layers taken over"));
}

TEST_F(Compile, TellsDataThatCannotBeOpenedAtTheKeyAtFault) {
  compile(kBase, {"stage.base.data.root=\"sick\""});
  ASSERT_EQ(problems_.sorted().size(), 1u);
  EXPECT_EQ(problems_.sorted()[0].place.file, "--set stage.base.data.root=\"sick\"");
  EXPECT_EQ(problems_.sorted()[0].message, "root sick: cut short");
}

TEST_F(Compile, TellsACutPastTheLastLayer) {
  compile(kTransfer + "strategy = { plugin = \"cut\", cut = 4 }\n");
  EXPECT_THAT(told(), ElementsAre("12:36: the network has 3 layers, and cut is 4"));
}

TEST_F(Compile, TellsTooFewImagesOfAClass) {
  compile(kBase, {"stage.base.data.per_class=11"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("per_class: class cat has 10 training images, and 11 are asked for")));
  compile(kBase, {"stage.base.data.per_class=10", "stage.base.data.validation=0.2"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("and 12 are asked for")));
  EXPECT_TRUE(compile(kBase, {"stage.base.data.per_class=8", "stage.base.data.validation=0.2"}));
}

TEST_F(Compile, TellsStagesThatStartFromThemselves) {
  compile(kTransfer + "strategy = \"copy\"\n", {"stage.base.init=transfer"});
  EXPECT_THAT(told(), ::testing::Contains(HasSubstr("starts, in the end, from itself")));
}

TEST_F(Compile, TellsAStageThatIsNotThere) {
  compile(kTransfer + "strategy = \"copy\"\n", {"stage.transfer.init=bse"});
  EXPECT_THAT(told(), ::testing::Contains(HasSubstr("there is no stage bse to start from")));
}

TEST_F(Compile, TellsAStrategyThatHasNothingToStartFrom) {
  compile(kBase, {"stage.base.strategy=copy"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("copy takes over a network, and stage base starts from none")));
}

TEST_F(Compile, TellsAnInitThatNothingStartsFrom) {
  compile(kTransfer + "strategy = \"scratch\"\nbackbone = \"net\"\n");
  EXPECT_TRUE(told().empty()) << testing::PrintToString(told());  // the backbone is taken over from it
}

TEST_F(Compile, TellsLayersThatDoNotFit) {
  compile(kTransfer + "strategy = \"copy\"\nbackbone = { width = 8 }\n");
  EXPECT_THAT(
      told(),
      ElementsAre(HasSubstr("layer conv1 has 8 parameters here and 4 in the network that stage transfer starts from")));
  EXPECT_TRUE(compile(kTransfer + "strategy = \"scratch\"\nbackbone = { width = 8 }\n"));
}

TEST_F(Compile, TellsAHeadThatDoesNotFitTheClasses) {
  compile(kTransfer + "strategy = \"keep\"\n", {"stage.transfer.data.root=three"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("stage transfer keeps its source's head, and \"cow\" is none of the head's "
                                            "classes: it tells apart \"cat\", \"dog\"; the data has \"cat\", \"dog\", "
                                            "\"cow\"")));
  EXPECT_TRUE(compile(kTransfer + "strategy = \"keep\"\n"));
  EXPECT_TRUE(compile(kTransfer + "strategy = \"copy\"\n", {"stage.transfer.data.root=three"}));
}

TEST_F(Compile, TellsStepsOfOneImageWhereANormNeedsTwo) {
  const std::vector<std::string> one = {"stage.base.train.batch=1"};
  EXPECT_TRUE(compile(kBase, one));
  resolver_.least_batch = 2;
  EXPECT_FALSE(compile(kBase, one));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("stage base learns from one image at a time")));
  EXPECT_THAT(hint(), HasSubstr("set train.batch to 2 or more"));
  EXPECT_TRUE(compile(kBase));
  EXPECT_TRUE(compile(kBase, {"stage.base.train.batch=1", "stage.base.train.epochs=0"}));
}

TEST_F(Compile, TellsANormalisationUnlikeTheSources) {
  compile(kTransfer + "strategy = \"copy\"\n", {"stage.transfer.data.mean=[0.1]"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("stage transfer normalises with mean [0.1]")));
  EXPECT_TRUE(compile(kTransfer + "strategy = \"copy\"\n", {"stage.transfer.data.mean=[0.5]"}));
}

TEST_F(Compile, TellsTheBestOfAStageWithoutValidation) {
  const std::string best = kTransfer + "strategy = \"copy\"\n";
  compile(best, {"stage.transfer.init={ stage = \"base\", weights = \"best\" }"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("stage base has no validation data")));
  EXPECT_TRUE(compile(
      best, {"stage.transfer.init={ stage = \"base\", weights = \"best\" }", "stage.base.data.validation=0.1"}));
}

TEST_F(Compile, TellsAWeightsFileThatIsNotThere) {
  compile(kTransfer + "strategy = \"copy\"\nbackbone = \"net\"\n",
          {"stage.transfer.init={ file = \"no.safetensors\" }"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("no.safetensors")));
}

TEST_F(Compile, TellsAFileWhereSourceDataIsToBeMixedIn) {
  const std::vector<std::uint8_t> bytes = {1};
  write_safetensors(folder_.path() / "one.safetensors", {{"conv1.weight", ElementType::U8, {1}, bytes}}, {});
  const std::string mix = kTransfer + "strategy = \"mix\"\n";
  EXPECT_TRUE(compile(mix));
  compile(mix + "backbone = \"net\"\n", {"stage.transfer.init={ file = \"one.safetensors\" }"});
  EXPECT_THAT(
      told(),
      ElementsAre(HasSubstr("mix mixes in the data that the source was trained on, and a weights file has none")));
}

TEST_F(Compile, TellsImagesOfAnotherShapeThanTheOnesMixedIn) {
  compile(kTransfer + "strategy = \"mix\"\n", {"stage.transfer.data.root=\"tall\""});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("stage transfer mixes images of 1x16x8 with the source's of 1x8x8")));
  EXPECT_TRUE(compile(kTransfer + "strategy = \"copy\"\n", {"stage.transfer.data.root=\"tall\""}));
}

TEST_F(Compile, RefusesAGridThatIsTooLarge) {
  compile(kBase +
          "[stage.base.grid]\n\"train.lr\" = { linear = [0, 1], num = 10000 }\n\"train.momentum\" = { linear = [0, "
          "0.9], num = 10000 }\n");
  EXPECT_THAT(told(), ElementsAre(HasSubstr("the grid of stage base has 2e+08 points with its seeds")));
}

}  // namespace
}  // namespace cambium::test
