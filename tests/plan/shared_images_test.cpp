#include <gmock/gmock.h>

#include "plan_fixture.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kCopy = kTransfer + "strategy = \"copy\"\nallow = [\"few-pairs\"]\n";

class SharedImages : public PlanTest {
 protected:
  void share(std::int64_t exact, std::int64_t near) {
    resolver_.overlap.images_a = resolver_.overlap.images_b = 1000;
    resolver_.overlap.exact = exact;
    resolver_.overlap.near = near;
  }
  std::vector<std::string> warnings(const Plan& plan) {
    std::vector<std::string> result;
    for (const Problem& warning : plan.warnings) result.push_back(warning.message);
    return result;
  }
};

TEST_F(SharedImages, OfWhatANetworkStartsFromAreAnErrorWhereTheyAreMany) {
  share(11, 0);
  compile(kCopy);
  EXPECT_THAT(told(), ::testing::Contains(HasSubstr("11 of 1000 test images of toy are among the training images")));
  std::string allowed = kCopy;
  allowed.replace(allowed.find("few-pairs"), 9, "test-images");
  EXPECT_TRUE(compile(allowed));
}

TEST_F(SharedImages, AreAWarningWhereTheyAreFewOrOnlyAlike) {
  share(3, 5);
  EXPECT_THAT(warnings(good(kCopy)),
              ::testing::Each(HasSubstr("3 of 1000 test images of toy are exactly, and 5 nearly")));
  share(0, 260);
  EXPECT_FALSE(warnings(good(kCopy)).empty());
  share(0, 240);
  EXPECT_THAT(warnings(good(kCopy)), IsEmpty());
}

TEST_F(SharedImages, WithinOneDataSetWarnOnly) {
  share(500, 0);
  EXPECT_THAT(warnings(good(kBase)), ElementsAre(HasSubstr("500 of 1000 test images")));
}

TEST_F(SharedImages, OfManyDataSetsAreOneWarning) {
  share(3, 5);
  EXPECT_THAT(warnings(good(kBase + "[stage.base.grid]\n\"data.root\" = [\"a\", \"b\", \"c\"]\n")),
              ElementsAre(HasSubstr("among the training images of toy, in the worst of 3 pairs of data sets")));
}

TEST_F(SharedImages, ThatCannotBeReadAreAnError) {
  resolver_.overlap.failure = Failure{"no answer", "ask again", "data"};
  EXPECT_THAT(warnings(good(kBase)), ElementsAre(HasSubstr("was not looked through for shared images: no answer")));
  resolver_.overlap.failure = Failure{"3 of 20 images cannot be read: ...", "fetch them again", "images"};
  compile(kBase);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("3 of 20 images cannot be read")));
}

TEST_F(SharedImages, CanBeTakenOnKnowingly) {
  share(3, 0);
  EXPECT_THAT(warnings(good("study.allow = [\"shared-images\"]\n" + kBase.substr(kBase.find("[stage")))), IsEmpty());
}

TEST_F(SharedImages, OfTrainingDisproveThatTwoDataSetsAreDisjoint) {
  share(1, 0);
  compile(kBase +
          "[stage.transfer]\ninit = { stage = \"base\", disjoint = true }\ndata = { plugin = \"toy\", root = \"b\" }\n"
          "strategy = \"copy\"\ntrain = { epochs = 1 }\n");
  EXPECT_THAT(told(), ::testing::Contains(HasSubstr("are not disjoint: 1 of 1000 training images")));
}

TEST_F(SharedImages, ANormalisationUnlikeTheSourcesCanBeTakenOnKnowingly) {
  const std::string other = kTransfer + "strategy = \"copy\"\n";
  EXPECT_FALSE(compile(other, {"stage.transfer.data.mean=[0.1]"}));
  EXPECT_TRUE(compile(other, {"stage.transfer.data.mean=[0.1]", "stage.transfer.allow=[\"normalisation\"]"}));
}

}  // namespace
}  // namespace cambium::test
