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
  EXPECT_THAT(
      told(),
      ElementsAre(HasSubstr("the images of toy may be of any size, and nothing says at which the network sees them")));
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

TEST(InputShape, IsOfAWidthAndAHeightAndOtherChannels) {
  const auto shape = [](ParamValue resize, std::int64_t channels, std::int64_t crop, ImageShape raw) {
    const Params params({{"resize", resize}, {"channels", channels}, {"center_crop", crop}});
    return input_shape(typed(params, data_schema()), raw);
  };
  const std::vector<std::int64_t> pair = {320, 240};
  EXPECT_EQ(shape(pair, 0, 0, {3, 0, 0}), (ImageShape{3, 240, 320}));
  EXPECT_EQ(shape(pair, 1, 0, {3, 10, 10}), (ImageShape{1, 240, 320}));
  EXPECT_EQ(shape(pair, 3, 224, {1, 10, 10}), (ImageShape{3, 224, 224}));
  EXPECT_EQ(shape(std::int64_t{0}, 3, 0, {1, 28, 28}), (ImageShape{3, 28, 28}));
}

TEST_F(ImageChecks, ResizeTakesASideOrAWidthAndAHeight) {
  good(study("root = \"photos\", resize = [320, 240]"));
  EXPECT_EQ(resolver_.asked_shapes.back(), (ImageShape{3, 240, 320}));
  good(study("root = \"photos\", center_crop = 224") + "[stage.a.grid]\n\"data.resize\" = [256, [320, 240]]\n");
  for (const char* wrong : {"[320]", "[320, 240, 3]", "[0, 240]", "[]"}) {
    compile(study(std::string("root = \"photos\", resize = ") + wrong));
    EXPECT_THAT(told(), ::testing::Contains(HasSubstr("resize of data is"))) << wrong;
    EXPECT_THAT(hint(), HasSubstr("[width, height]")) << wrong;
  }
}

TEST_F(ImageChecks, SettingsThatAreNotGivenAreNoPartOfTheIdentity) {
  const auto identity = [&](const std::string& data) { return identities(good(study(data))); };
  const auto plain = identity("root = \"big\"");
  EXPECT_EQ(identity("root = \"big\", channels = 0, interpolation = \"bicubic\""), plain) << "nothing is resized";
  EXPECT_NE(identity("root = \"big\", channels = 1"), plain);
  const auto resized = identity("root = \"big\", resize = 64");
  EXPECT_EQ(identity("root = \"big\", resize = 64, interpolation = \"bilinear\""), resized);
  EXPECT_NE(identity("root = \"big\", resize = 64, interpolation = \"bicubic\""), resized);
  EXPECT_NE(identity("root = \"big\", resize = [64, 64]"), resized);
}

TEST_F(ImageChecks, ChannelsAreOneOrThree) {
  good(study("root = \"a\", channels = 3"));
  EXPECT_EQ(resolver_.asked_shapes.back(), (ImageShape{3, 8, 8}));
  compile(study("root = \"a\", channels = 2"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("images of 1 channel cannot become ones of 2 channels")));
  compile(study("root = \"a\", mean = [0.1, 0.2, 0.3]"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("mean has 3 numbers, and the images have 1 channel")));
  EXPECT_THAT(hint(), HasSubstr("channels = 3"));
}

TEST_F(ImageChecks, ASingleClassIsNothingToTellApart) {
  compile(study("root = \"three\", only = [\"cow\"]"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("only leaves one class over")));
}

TEST_F(ImageChecks, ChannelsThatDifferFromTheSourcesAreToldAsSuch) {
  const std::string base =
      "[stage.base]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"big\" }\nstrategy = \"scratch\"\n";
  const std::string next = "[stage.next]\ninit = \"base\"\nstrategy = \"copy\"\ndata = { plugin = \"toy\", root = ";
  compile(base + next + "\"a\" }\n");
  EXPECT_THAT(told(),
              ::testing::Contains(HasSubstr("stage next has images of 1 channel, and the network that it starts "
                                            "from was trained on images of 3 channels")));
  EXPECT_THAT(hint(), HasSubstr("channels = 3 in the data of stage next"));
  good(base + next + "\"a\", channels = 3 }\n");
}

TEST_F(ImageChecks, EveryClassNeedsImagesToTrainOn) {
  compile(study("root = \"lacking\""));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("toy has no training images of class dog")));
  good(study("root = \"lacking\"") + "train = { epochs = 0 }\n");
}

TEST_F(ImageChecks, WhatIsLeftOutIsToldOnceWithItsNames) {
  for (int i = 0; i < 12; ++i) resolver_.skipped.push_back("/d/" + std::to_string(i) + ".jpg: is cut short");
  resolver_.notes = {"3 images are left out"};
  std::vector<std::string> warnings;
  for (const Problem& warning : good(study("root = \"a\"")).warnings) warnings.push_back(warning.message);
  EXPECT_THAT(warnings, ElementsAre(::testing::AllOf(HasSubstr("leaves out 12 images"),
                                                     HasSubstr("/d/9.jpg: is cut short"), HasSubstr("; and 2 more")),
                                    "toy: 3 images are left out"));
}

}  // namespace
}  // namespace cambium::test
