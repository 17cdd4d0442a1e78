#include <gmock/gmock.h>

#include "plan_fixture.h"
#include "protocol/settings.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ImageChecks = PlanTest;

std::string study(const std::string& data) {
  return "[stage.a]\nbackbone = \"net\"\nstrategy = \"scratch\"\ndata = { plugin = \"toy\", " + data + " }\n";
}

TEST(InputShape, IsThatOfTorchvisionsResizeAndCenterCrop) {
  const auto shape = [](std::int64_t resize, std::int64_t crop, ImageShape raw) {
    return input_shape(typed(Params({{"resize", resize}, {"center_crop", crop}}), data_schema()), raw);
  };
  EXPECT_EQ(shape(256, 0, {3, 375, 500}), (ImageShape{3, 256, 341}));
  EXPECT_EQ(shape(256, 0, {3, 500, 333}), (ImageShape{3, 384, 256}));
  EXPECT_EQ(shape(256, 224, {3, 375, 500}), (ImageShape{3, 224, 224}));
  EXPECT_EQ(shape(256, 224, {3, 0, 0}), (ImageShape{3, 224, 224}));
  EXPECT_EQ(shape(0, 0, {1, 28, 28}), (ImageShape{1, 28, 28}));
  EXPECT_EQ(shape(256, 0, {3, 0, 0}).height, 0);
}

TEST_F(ImageChecks, ImagesOfDifferentSizesNeedResizeAndCenterCrop) {
  compile(study("root = \"photos\""));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("the images of toy differ in size")));
  EXPECT_THAT(hint(), HasSubstr("resize = 256, center_crop = 224"));
  good(study("root = \"photos\", resize = 256, center_crop = 224"));
  EXPECT_EQ(resolver_.asked_shapes.back(), (ImageShape{3, 224, 224}));
}

TEST_F(ImageChecks, TrainingAndEvaluationSeeOneShape) {
  compile(study("root = \"photos\", resize = 256, center_crop = 224, random_resized_crop = 192"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("training images come out as 192x192, and those of validation and test as "
                                            "224x224")));
  good(study("root = \"photos\", resize = 256, center_crop = 224, random_resized_crop = 224"));
}

TEST_F(ImageChecks, AugmentationIsHeldAgainstItsRanges) {
  compile(study("root = \"a\", color_jitter = { brigthness = 0.4, hue = 0.7 }, random_resized_crop_scale = [0.5, 1]"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("color_jitter has no brigthness"),
                                  HasSubstr("a hue of 0.7 is more than half a turn"), HasSubstr("there is none")));
}

}  // namespace
}  // namespace cambium::test
