#include "weights/fit.h"

#include <gmock/gmock.h>

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::string> names_of(const std::vector<TensorShape>& given) {
  std::vector<std::string> names;
  for (const TensorShape& tensor : given) names.push_back(tensor.name);
  return names;
}

Fit fit(const std::vector<WantedTensor>& wanted, const std::vector<TensorShape>& given) {
  return fit_tensors(wanted, given, names_of(given));
}

TEST(Fit, TakesWhatAgreesInNameAndShape) {
  const Fit good = fit({{{"conv.weight", {2, 3}}, true}, {{"head.weight", {5, 2}}, false}},
                       {{"conv.weight", {2, 3}}, {"head.weight", {1000, 2}}});
  EXPECT_THAT(good.faults, IsEmpty());
  EXPECT_THAT(good.from, ElementsAre(Pair("conv.weight", "conv.weight")));  // the head has another number of classes
  EXPECT_THAT(good.unknown, IsEmpty());
}

TEST(Fit, NamesWhatIsMissingAndWhatIsMeantPerhaps) {
  const Fit bad = fit({{{"layer1.0.conv1.weight", {2}}, true}, {{"bn1.weight", {2}}, true}, {{"fc.bias", {2}}, true}},
                      {{"backbone.layer1.0.conv1.weight", {2}}, {"bn_1.weight", {2}}, {"fc.bias", {2}}});
  EXPECT_THAT(bad.faults, ElementsAre("layer1.0.conv1.weight is missing; the file has backbone.layer1.0.conv1.weight",
                                      "bn1.weight is missing; the file has bn_1.weight"));
  EXPECT_THAT(bad.unknown, ElementsAre("backbone.layer1.0.conv1.weight", "bn_1.weight"));
}

TEST(Fit, NamesBothShapes) {
  EXPECT_THAT(fit({{{"w", {2, 3}}, true}}, {{"w", {3, 2}}}).faults, ElementsAre("w is [3, 2], and [2, 3] is wanted"));
}

TEST(Fit, TakesOffAPrefixThatAllNamesShare) {
  const Fit good = fit({{{"conv.weight", {1}}, true}, {{"fc.bias", {1}}, true}},
                       {{"model.net.conv.weight", {1}}, {"model.net.fc.bias", {1}}});
  EXPECT_THAT(good.faults, IsEmpty());
  EXPECT_THAT(good.from,
              ElementsAre(Pair("conv.weight", "model.net.conv.weight"), Pair("fc.bias", "model.net.fc.bias")));
}

TEST(Fit, TellsTheFirstOfManyFaults) {
  std::vector<WantedTensor> wanted;
  for (int i = 0; i < 40; ++i) wanted.push_back({{"layer" + std::to_string(i), {1}}, true});
  const Fit bad = fit(wanted, {{"x", {1}}});
  EXPECT_EQ(bad.faults.size(), 40u);
  EXPECT_THAT(fault_text(bad.faults), HasSubstr("layer7 is missing; and 32 more"));
  EXPECT_EQ(fault_text(bad.faults).find("layer8"), std::string::npos);
}

}  // namespace
}  // namespace cambium::test
