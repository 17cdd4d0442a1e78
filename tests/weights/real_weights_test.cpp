#include "support.h"
#include "weights/weights_file.h"

namespace cambium::test {
namespace {

#define NEEDS(file) \
  if (file.empty()) GTEST_SKIP() << "the real weights are not beside this checkout"

std::int64_t numbers(const WeightsFile& file) {
  std::int64_t count = 0;
  for (const StoredTensor& tensor : file.index().tensors)
    if (tensor.type == ElementType::F32 && tensor.name.find("running_") == std::string::npos) count += tensor.count();
  return count;
}

TEST(RealWeights, OldAndNewFormatHoldTheSameNetwork) {
  const auto zip = real_weights("resnet20-cifar10.pth"), legacy = real_weights("resnet20-cifar10-legacy.pth");
  NEEDS(zip);
  const WeightsFile old(legacy);
  EXPECT_EQ(old.index().format, WeightsFormat::Legacy);
  expect_same(read_weights(zip).tensors, read_weights(legacy).tensors);
  EXPECT_EQ(numbers(WeightsFile(zip)), 269722);  // He et al. 2016, table 6: 0.27 M
}

TEST(RealWeights, TakesTheNetworkOutOfACheckpoint) {
  const auto file = real_weights("resnet56-cifar10-checkpoint.pth");
  NEEDS(file);
  const WeightsFile weights(file);
  EXPECT_EQ(numbers(weights), 853018);  // table 6: 0.85 M
  EXPECT_THAT(weights.index().opaque, ::testing::Contains("best_prec1"));
  EXPECT_THAT(weights.index().places, ::testing::ElementsAre("state_dict"));
  EXPECT_EQ(weights.index().tensors.front().name, "module.bn1.bias");
}

TEST(RealWeights, HaveTheirPublishedCounts) {
  const auto mobilenet = real_weights("mobilenet_v2-imagenet.pth"),
             squeezenet = real_weights("squeezenet1_1-imagenet.pth");
  NEEDS(mobilenet);
  EXPECT_EQ(numbers(WeightsFile(mobilenet)), 3504872);   // torchvision's documentation
  EXPECT_EQ(numbers(WeightsFile(squeezenet)), 1235496);  // torchvision's documentation
}

TEST(RealWeights, ParityReferencesCanBeRead) {
  const auto file = real_weights("parity/parity.pth");
  NEEDS(file);
  const TensorFile parity = read_weights(file);
  EXPECT_EQ(parity.tensors.at("input_u8_hwc").sizes(), (std::vector<std::int64_t>{224, 224, 3}));
  EXPECT_EQ(parity.tensors.at("input_u8_hwc").scalar_type(), at::kByte);
  EXPECT_EQ(parity.tensors.at("cifar10.logits.resnet20").sizes(), (std::vector<std::int64_t>{16, 10}));
}

}  // namespace
}  // namespace cambium::test
