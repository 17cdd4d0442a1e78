#include "engine/data/geometry/augmentation.h"

#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>

#include <atomic>
#include <cmath>
#include <cstdlib>

#include "engine/data/images.h"
#include "protocol/settings.h"
#include "support/oracle.h"
#include "tiny.h"

namespace cambium::test {
namespace {

constexpr std::int64_t kHeight = 23, kWidth = 31, kPixels = kHeight * kWidth;

/// How many of the bytes that `change` makes of the oracle's image are more than `levels` off its own.
template <class Change>
std::int64_t differing(const std::filesystem::path& folder, const std::string& name, int levels, Change change) {
  std::vector<std::uint8_t> image = read_bytes(folder / "image");
  const std::vector<std::uint8_t> expected = read_bytes(folder / name);
  change(image.data());
  std::int64_t count = 0;
  for (std::size_t i = 0; i < image.size(); ++i) count += std::abs(int(image[i]) - int(expected[i])) > levels;
  return count;
}

TEST(Colours, ChangeAsTorchvisionChangesThem) {
  TemporaryFolder folder;
  if (!run_oracle("torchvision_oracle.py", "torchvision", folder.path()))
    GTEST_SKIP() << "Debian's python3-torchvision is not there to compare with";
  const auto& at = folder.path();
  EXPECT_EQ(differing(at, "brightness", 0, [](auto* x) { adjust_brightness(x, 3, kPixels, 1.37); }), 0);
  EXPECT_EQ(differing(at, "contrast", 0, [](auto* x) { adjust_contrast(x, 3, kPixels, 0.61); }), 0);
  EXPECT_EQ(differing(at, "saturation", 0, [](auto* x) { adjust_saturation(x, 3, kPixels, 1.83); }), 0);
  EXPECT_EQ(differing(at, "hue", 1, [](auto* x) { adjust_hue(x, 3, kPixels, -0.21); }), 0);
  // Where the nearest of two pixels is a toss-up, rounding decides.
  EXPECT_LE(differing(at, "rotation", 0, [](auto* x) { rotate(x, 3, kHeight, kWidth, 33); }), 6);
}

TEST(Rotation, ByARightAngleTurnsAgainstTheClock) {
  std::vector<std::uint8_t> image = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  rotate(image.data(), 1, 3, 3, 90);
  EXPECT_EQ(image, (std::vector<std::uint8_t>{3, 6, 9, 2, 5, 8, 1, 4, 7}));
}

TEST(RandomResizedCrop, KeepsToItsAreaAndRatio) {
  const RandomResizedCrop how = {32, 0.2, 0.6, 0.5, 2};
  RandomStream random(1, "boxes");
  double area = 0;
  for (int i = 0; i < 2000; ++i) {
    const Box box = draw_box(300, 400, how, random);
    ASSERT_TRUE(box.y >= 0 && box.x >= 0 && box.y + box.height <= 300 && box.x + box.width <= 400);
    const double part = double(box.height * box.width) / (300 * 400), ratio = double(box.width) / double(box.height);
    ASSERT_GT(part, 0.19);
    ASSERT_LT(part, 0.61);
    ASSERT_GT(ratio, 0.49);
    ASSERT_LT(ratio, 2.02);
    area += part;
  }
  EXPECT_NEAR(area / 2000, 0.4, 0.02);
  const Box whole = draw_box(1, 1000, how, random);  // nothing fits: the middle, as wide as the ratio allows
  EXPECT_EQ(whole.x, 499);
  EXPECT_EQ(whole.width, 2);
}

TEST(Beta, HasItsMeanAndVariance) {
  for (const double alpha : {0.01, 0.2, 1.0, 4.0}) {
    RandomStream random(2, "beta");
    double sum = 0, squares = 0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      const double x = draw_beta(alpha, random);
      ASSERT_TRUE(x >= 0 && x <= 1);
      sum += x;
      squares += x * x;
    }
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    EXPECT_NEAR(mean, 0.5, 0.015) << alpha;
    EXPECT_NEAR(variance, 1 / (4 * (2 * alpha + 1)), 0.008) << alpha;
  }
}

/// Pictures of different sizes; counts how often one is decoded.
class Pictures : public Dataset {
 public:
  Pictures() {
    info_ = {{3, 0, 0}, {"even", "odd"}, "pictures", {}};
    for (std::int64_t i = 0; i < 12; ++i) labels_.push_back(i % 2);
  }
  const DatasetInfo& info() const override { return info_; }
  std::span<const std::int64_t> labels(Split split) const override {
    return split == Split::Train ? std::span<const std::int64_t>(labels_) : std::span<const std::int64_t>();
  }
  at::Tensor image(Split, std::int64_t index) const override {
    ++decoded;
    at::Tensor image = at::empty({3, 20 + index, 34 - index}, at::kByte);
    RandomStream random(std::uint64_t(index), "picture");
    for (std::int64_t i = 0; i < image.numel(); ++i)
      image.data_ptr<std::uint8_t>()[i] = std::uint8_t(random.below(256));
    return image;
  }
  mutable std::atomic<int> decoded = 0;

 private:
  DatasetInfo info_;
  std::vector<std::int64_t> labels_;
};

Preprocessing all_of_it() {
  return preprocessing(
      settings(data_schema(), {{"center_crop", std::int64_t{16}},
                               {"random_resized_crop", std::int64_t{16}},
                               {"color_jitter", std::map<std::string, double>{{"contrast", 0.4}, {"hue", 0.1}}},
                               {"rotation", 20.0},
                               {"crop", std::int64_t{2}},
                               {"flip", true},
                               {"random_erasing", 0.5},
                               {"mixup", 0.4},
                               {"cutmix", 1.0}}),
      {}, 3);
}

std::vector<std::int64_t> twelve() { return {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}; }

TEST(Augmentation, OfAnImageDependsOnSeedEpochAndImageAlone) {
  const Pictures pictures;
  const SealedDataset data(pictures, typed(Params(), data_schema()));
  const Images images(data, Split::Train, twelve(), all_of_it());
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor together = images.inputs(twelve(), 5, 2), targets = images.targets(twelve(), 5, 2, 2);
  at::set_num_threads(4);
  EXPECT_TRUE(at::equal(images.inputs(twelve(), 5, 2), together)) << "threads";
  at::set_num_threads(threads);
  const std::vector<std::int64_t> some = {7, 3};
  EXPECT_TRUE(at::equal(images.inputs(some, 5, 2)[1], together[3])) << "order and batch";
  EXPECT_TRUE(at::equal(images.targets(some, 5, 2, 2)[1], targets[3]));
  EXPECT_FALSE(at::equal(images.inputs(twelve(), 5, 3), together));
  EXPECT_FALSE(at::equal(images.inputs(twelve(), 6, 2), together));
}

TEST(Mixing, GivesLabelsTheSharesOfTheirImages) {
  // Images of one class are black, of the other white: an input's mean says how much of each is in it.
  class BlackAndWhite : public Pictures {
   public:
    at::Tensor image(Split, std::int64_t index) const override {
      return at::full({3, 16, 16}, index % 2 * 255, at::kByte);
    }
  } const pictures;
  const SealedDataset data(pictures, typed(Params(), data_schema()));
  for (const char* key : {"mixup", "cutmix"}) {
    const Images images(data, Split::Train, twelve(),
                        preprocessing(settings(data_schema(), {{"center_crop", std::int64_t{16}},
                                                               {key, 1.0},
                                                               {"mean", std::vector<double>{0.0}},
                                                               {"std", std::vector<double>{1.0}}}),
                                      {}, 3));
    const at::Tensor inputs = images.inputs(twelve(), 1, 0), targets = images.targets(twelve(), 1, 0, 2);
    int mixed = 0;
    for (std::int64_t i = 0; i < 12; ++i) {
      EXPECT_NEAR(targets[i][1].item<float>(), inputs[i].mean().item<float>(), 1e-5) << key << i;
      EXPECT_NEAR(targets[i].sum().item<float>(), 1, 1e-6);
      mixed += targets[i][1].item<float>() > 0.01 && targets[i][1].item<float>() < 0.99;
    }
    EXPECT_GE(mixed, 2) << key;
  }
}

TEST(Mixing, TrainsOnSoftLabels) {
  const auto last_loss = [](const Overrides& data) {
    Bench bench({}, data);
    bench.run();
    EXPECT_EQ(bench.events().back().at("type"), "finished");
    return bench.metrics().at(3).at("train_loss").get<double>();
  };
  // What is blended cannot be told for certain: the loss stays above the labels' own entropy.
  EXPECT_GT(last_loss({{"mixup", 1.0}}), last_loss({}) + 0.1);
}

/// A cache folder of its own, as the environment says where it is.
class Kept : public testing::Test {
 protected:
  Kept() { ::setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1); }
  ~Kept() override { ::unsetenv("XDG_CACHE_HOME"); }
  at::Tensor read() const {
    const SealedDataset data(pictures_, typed(Params(), data_schema()));
    const Preprocessing how = preprocessing(
        settings(data_schema(), {{"resize", std::int64_t{18}}, {"center_crop", std::int64_t{16}}}), {}, 3);
    return Images(data, Split::Train, {1, 4, 7}, how).inputs(std::vector<std::int64_t>{0, 1, 2});
  }
  std::filesystem::path file() const {
    return std::filesystem::directory_iterator(folder_.path() / "cambium" / "images")->path();
  }
  void overwrite(std::int64_t at, char byte) const {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(at);
    stream.put(byte);
  }
  TemporaryFolder folder_;
  Pictures pictures_;
};

TEST_F(Kept, ImagesAreDecodedOnceAndOnlyThoseThatAreRead) {
  const at::Tensor first = read();
  EXPECT_EQ(pictures_.decoded, 3);
  EXPECT_TRUE(at::equal(read(), first));
  EXPECT_EQ(pictures_.decoded, 3);
}

TEST_F(Kept, ImagesThatAreDamagedAreDecodedAgain) {
  const at::Tensor first = read();
  overwrite(2 * 4096 + 4 * 3 * 256 + 100, char(first.numel()));  // within image 4
  EXPECT_TRUE(at::equal(read(), first));
  EXPECT_EQ(pictures_.decoded, 4);
  overwrite(20, '#');  // within the head
  EXPECT_TRUE(at::equal(read(), first));
  EXPECT_EQ(pictures_.decoded, 7);
  std::filesystem::resize_file(file(), 5000);
  EXPECT_TRUE(at::equal(read(), first));
  EXPECT_EQ(pictures_.decoded, 10);
}

TEST_F(Kept, ImagesAreKeptInMemoryWhereThereIsNoFolder) {
  KeptRows kept({}, {"images", "data", "train", 3, 4}, 3);
  const std::vector<std::uint8_t> image = {1, 2, 3, 4};
  EXPECT_TRUE(kept.find(1).empty());
  kept.put(1, image);
  EXPECT_TRUE(kept.path().empty());
  EXPECT_EQ(std::vector<std::uint8_t>(kept.find(1).begin(), kept.find(1).end()), image);
  EXPECT_TRUE(kept.find(2).empty());
}

}  // namespace
}  // namespace cambium::test
