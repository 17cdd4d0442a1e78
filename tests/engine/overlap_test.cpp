#include "engine/data/overlap.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cambium/random.h"

namespace cambium::test {
namespace {

constexpr ImageShape kShape{3, 32, 32};
using Pixels = std::vector<std::uint8_t>;

/// A smooth scene of its own: a sum of waves, as photographs are smooth.
Pixels scene(std::uint64_t seed, double gain = 1, double shift = 0) {
  RandomStream random(seed, "scene", 0);
  std::array<double, 12> waves{};
  for (double& wave : waves) wave = random.uniform();
  Pixels pixels;
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 32; ++x) {
        double level = 0;
        for (std::size_t k = 0; k < waves.size(); k += 4)
          level += std::sin(waves[k] * 6.28 + (waves[k + 1] - 0.5) * x + (waves[k + 2] - 0.5) * y) * waves[k + 3];
        pixels.push_back(std::uint8_t(std::clamp(128 + shift + gain * 30 * level, 0.0, 255.0)));
      }
  return pixels;
}

std::vector<ImageMark> marks(const std::vector<Pixels>& images) {
  std::vector<ImageMark> result;
  for (const Pixels& image : images) result.push_back(mark_image(image.data(), kShape));
  return result;
}

TEST(Overlap, TellsExactFromNearFromOther) {
  std::vector<Pixels> train, test;
  for (std::uint64_t i = 0; i < 50; ++i) train.push_back(scene(i));
  test.push_back(scene(7));
  test.push_back(scene(9, 0.8, 12));  // fainter and brighter
  test.push_back(scene(100));
  const OverlapFacts facts = find_overlap(marks(train), marks(test));
  EXPECT_EQ(facts.exact, 1);
  EXPECT_EQ(facts.near, 1);
  EXPECT_EQ(facts.flat, 0);
  ASSERT_EQ(facts.examples.size(), 2u);
  EXPECT_EQ(facts.examples[0].a, 7);
  EXPECT_TRUE(facts.examples[0].exact);
  EXPECT_EQ(facts.examples[1].a, 9);
  EXPECT_EQ(facts.examples[1].b, 1);
}

TEST(Overlap, DoesNotTakeFlatImagesForEachOther) {
  const OverlapFacts facts =
      find_overlap(marks({Pixels(3072, 10), scene(1)}), marks({Pixels(3072, 11), Pixels(3072, 10)}));
  EXPECT_EQ(facts.exact, 1) << "equal pixels count all the same";
  EXPECT_EQ(facts.near, 0);
  EXPECT_EQ(facts.flat, 1);
}

TEST(Overlap, CountsTwinsWithinOneSplitOnce) {
  const auto all = marks({scene(1), scene(2), scene(1)});
  const OverlapFacts facts = find_overlap(all, all, true);
  EXPECT_EQ(facts.exact, 1);
  EXPECT_EQ(facts.near, 0);
  EXPECT_EQ(facts.examples.at(0).b, 2);
}

/// Images that differ in size, of which every third cannot be read.
class Torn : public Dataset {
 public:
  explicit Torn(std::int64_t count) : labels_(std::size_t(count)) { info_.shape = {3, 0, 0}; }
  const DatasetInfo& info() const override { return info_; }
  std::span<const std::int64_t> labels(Split) const override { return labels_; }
  at::Tensor image(Split, std::int64_t index) const override {
    if (index % 3 == 1) throw Error(ErrorKind::Data, std::to_string(index) + ".x: is torn", "mend it");
    return at::full({3, 8, 8 + index}, double(index), at::kByte);
  }

 private:
  DatasetInfo info_;
  std::vector<std::int64_t> labels_;
};

TEST(Overlap, NamesAllImagesThatCannotBeRead) {
  EXPECT_EQ(mark_images(Torn(1), Split::Train).size(), 1u);
  try {
    mark_images(Torn(60), Split::Train);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("20 of 60 images cannot be read: 1.x: is torn; 4.x: is torn"), std::string::npos);
    EXPECT_NE(error.message().find("; and 10 more"), std::string::npos);
  }
}

}  // namespace
}  // namespace cambium::test
