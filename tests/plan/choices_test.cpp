#include <gmock/gmock.h>

#include "plan/repeats.h"
#include "plan_fixture.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Choices : public PlanTest {
 protected:
  /// A stage of the strategies scratch and copy at three rates and two seeds.
  static std::string swept(const std::string& more, const std::string& data = "validation = 0.2, ") {
    return "[study]\nseeds = [0, 1]\nallow = [\"finetune-rate\"]\n[stage.base]\nbackbone = \"net\"\ndata = { plugin = "
           "\"toy\", root = "
           "\"a\" }\nstrategy = \"scratch\"\ntrain = { epochs = 2, lr = 0.1 }\n[stage.transfer]\ninit = \"base\"\ndata "
           "= { " +
           data +
           "plugin = \"toy\", root = \"b\" }\n[stage.transfer.grid]\nstrategy = [\"scratch\", \"copy\"]\n\"train.lr\" "
           "= "
           "[0.1, 0.01, 0.001]\n" +
           more;
  }
};

TEST_F(Choices, PointsOfAnArmShareWhatIsNotChosenOver) {
  const Plan plan = good(swept("[stage.transfer.select]\nover = [\"train.lr\"]\nby = \"val_loss\"\n"));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(plan.choices, (std::map<std::size_t, std::string>{{1, "val_loss"}}));
  std::set<std::string> contests, axes;
  for (const Entry& entry : plan.entries)
    if (entry.stage == 1) {
      contests.insert(entry.contest);
      axes.insert(entry.axes);
      EXPECT_EQ(entry.common, "{}");
    } else {
      EXPECT_EQ(entry.contest, "");
    }
  EXPECT_EQ(axes.size(), 6u);
  EXPECT_EQ(contests, (std::set<std::string>{R"({"strategy":"copy"})", R"({"strategy":"scratch"})"}));
}

TEST_F(Choices, ValidationAccuracyDecidesWhereNothingElseIsSaid) {
  EXPECT_EQ(good(swept("[stage.transfer.select]\nover = [\"train.lr\"]\n")).choices.at(1), "val_accuracy");
}

TEST_F(Choices, WithoutValidationImagesThereIsNothingToChooseBy) {
  EXPECT_FALSE(compile(swept("[stage.transfer.select]\nover = [\"train.lr\"]\n", "")));
  EXPECT_THAT(
      told(),
      ElementsAre(HasSubstr(":1: stage transfer chooses by val_accuracy, and its data from toy has no validation")));
  EXPECT_THAT(hint(), HasSubstr("validation = 0.1"));
}

TEST_F(Choices, NothingIsChosenByTestImages) {
  EXPECT_FALSE(compile(swept("[stage.transfer.select]\nover = [\"train.lr\"]\nby = \"test_accuracy\"\n")));
  EXPECT_THAT(
      told(),
      ElementsAre(HasSubstr("by is \"test_accuracy\": what is chosen by test images cannot be tested on them")));
  EXPECT_FALSE(compile(swept("[stage.transfer.select]\nover = [\"train.lr\"]\nby = \"val_acuracy\"\n")));
  EXPECT_THAT(hint(), HasSubstr("did you mean \"val_accuracy\"?"));
  EXPECT_FALSE(compile(swept("[stage.transfer.select]\nover = [\"train.lr\"]\nby = 1\n")));
}

TEST_F(Choices, WhatIsChosenOverIsAnAxis) {
  EXPECT_FALSE(compile(swept("[stage.transfer.select]\nover = [\"train.rl\"]\n")));
  EXPECT_THAT(told(), ElementsAre(HasSubstr(":9: stage transfer has no axis train.rl to choose over")));
  EXPECT_THAT(hint(), HasSubstr("did you mean train.lr?"));
  for (const char* wrong :
       {"over = \"train.lr\"", "over = []", "over = [1]", "by = \"val_loss\"", "ovr = [\"train.lr\"]"})
    EXPECT_FALSE(compile(swept(std::string("[stage.transfer.select]\n") + wrong + "\n"))) << wrong;
  EXPECT_FALSE(compile(swept("\"data.split\" = [0, 1]\n[stage.transfer.select]\nover = [\"data.split\"]\n")));
  EXPECT_THAT(told(), Contains(HasSubstr("data.split is repeated over")));
}

TEST_F(Choices, AChoiceOfOneIsTold) {
  good(swept("[stage.transfer.select]\nover = [\"strategy\"]\n"), {"stage.transfer.allow=[\"best-of-n\"]"});
  EXPECT_THAT(told(), ElementsAre(HasSubstr("each arm of stage transfer has one point")));
  EXPECT_FALSE(compile(swept(""), {"stage.transfer.select=1"}));
}

TEST_F(Choices, TheBestOfNIsWarnedOf) {
  good(swept(""));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("14:1: arms of stage transfer have up to 3 points"),
                                        HasSubstr("train.lr alone"))));
  EXPECT_THAT(hint(),
              AllOf(HasSubstr("[stage.transfer.select] over = [\"train.lr\"]"), HasSubstr("allow = [\"best-of-n\"]")));
}

TEST_F(Choices, TheBestOfNCanBeAllowed) {
  good(swept("", "validation = 0.2, "), {"stage.transfer.allow=[\"best-of-n\"]"});
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(Choices, WhatIsNotChosenOverIsWarnedOfAllTheSame) {
  good(swept("\"train.batch\" = [8, 16]\n[stage.transfer.select]\nover = [\"train.lr\"]\n"));
  EXPECT_THAT(told(), Contains(HasSubstr("up to 2 points that differ in train.batch alone")));
}

TEST_F(Choices, RatesThatMarchWithTheArmAreNoChoice) {
  good(kTransfer + "[[stage.transfer.zip]]\nstrategy = [\"scratch\", \"copy\"]\n\"train.lr\" = [0.1, 0.01]\n");
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(Choices, HalvesOfASplitAreOneRepeat) {
  const auto counted = [&](const std::string& axes) {
    const Plan plan = good(
        "[study]\nseeds = [0, 1, 2]\n[stage.x]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"eight\" }\n"
        "strategy = \"scratch\"\ntrain = { epochs = 1 }\n[stage.x.grid]\n" +
        axes);
    return repeats_of(plan).at(0).begin()->second.count();
  };
  EXPECT_EQ(counted("\"data.half\" = [\"A\", \"B\"]\n\"data.split\" = [0, 1, 2, 3]\n"), 4);
  EXPECT_EQ(counted("\"data.half\" = [\"A\", \"B\"]\n"), 3) << "one split: its seeds";
  EXPECT_EQ(counted("\"train.epochs\" = [1, 2]\n"), 3);
}

}  // namespace
}  // namespace cambium::test
