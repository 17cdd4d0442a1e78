#include "engine/data/batches.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/flip.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <tuple>

#include "cambium/random.h"
#include "protocol/messages.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

at::Tensor noise(std::int64_t count, std::int64_t channels, std::int64_t size) {
  at::Tensor images = at::empty({count, channels, size, size}, at::kByte);
  RandomStream random(1, "pixels");
  for (std::int64_t i = 0; i < images.numel(); ++i)
    images.data_ptr<std::uint8_t>()[i] = std::uint8_t(random.below(255) + 1);
  return images;
}

std::vector<std::int64_t> range(std::size_t count) {
  std::vector<std::int64_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

TEST(Batches, CoverEveryImageOnceAndKeepTheLast) {
  EXPECT_EQ(batch_bounds(25, 10), (std::vector<std::size_t>{0, 10, 20, 25}));
  EXPECT_EQ(batch_bounds(20, 10), (std::vector<std::size_t>{0, 10, 20}));
  EXPECT_EQ(batch_bounds(3, 10), (std::vector<std::size_t>{0, 3}));
}

TEST(Batches, LetASingleImageLeftOverJoinTheBatchBefore) {
  EXPECT_EQ(batch_bounds(21, 10), (std::vector<std::size_t>{0, 10, 21}));
  EXPECT_EQ(batch_bounds(11, 10), (std::vector<std::size_t>{0, 11}));
  EXPECT_EQ(batch_bounds(1, 10), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(batch_bounds(3, 1), (std::vector<std::size_t>{0, 1, 2, 3}));  // of batches of one, none is left over
}

TEST(Order, IsAPermutationThatChangesWithSeedAndEpoch) {
  auto order = epoch_order(100, 3, 0);
  EXPECT_NE(order, epoch_order(100, 3, 1));
  EXPECT_NE(order, epoch_order(100, 4, 0));
  EXPECT_EQ(order, epoch_order(100, 3, 0));
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, range(100));
}

TEST(Normalisation, IsThatOfTheFormula) {
  const Preprocessing how = {{0.1, 0.2, 0.3}, {0.5, 0.6, 0.7}};
  const at::Tensor images = noise(4, 3, 5), result = normalised(images, how);
  ASSERT_EQ(result.sizes(), images.sizes());
  for (std::int64_t i = 0; i < images.numel(); ++i) {
    const auto c = std::size_t(i / 25 % 3);
    EXPECT_FLOAT_EQ(result.data_ptr<float>()[i],
                    float((images.data_ptr<std::uint8_t>()[i] / 255.0 - how.mean[c]) / how.std[c]));
  }
}

TEST(Augmentation, OfNothingIsNormalisation) {
  const Preprocessing how = {{0.5}, {0.25}};
  const at::Tensor images = noise(5, 1, 6);
  EXPECT_TRUE(at::equal(augmented(images, range(5), how, 1, 1), normalised(images, how)));
}

TEST(Augmentation, GivesAnImageTheSamePixelsInAnyBatchAndOrder) {
  const Preprocessing how = {{0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}, 2, true};
  const at::Tensor images = noise(20, 3, 8);
  const auto indices = range(20);
  const at::Tensor together = augmented(images, indices, how, 9, 4);
  for (std::int64_t i : {19, 0, 7}) {
    const std::vector<std::int64_t> one = {i};
    EXPECT_TRUE(at::equal(augmented(images.narrow(0, i, 1), one, how, 9, 4)[0], together[i])) << i;
  }
  EXPECT_FALSE(at::equal(augmented(images, indices, how, 9, 5), together)) << "another epoch";
  EXPECT_FALSE(at::equal(augmented(images, indices, how, 8, 4), together)) << "another seed";
}

/// Padding by hand, for comparison: every shift of the image, with and without a mirror.
at::Tensor shifted(const at::Tensor& image, std::int64_t down, std::int64_t right, bool mirror, float outside) {
  at::Tensor result = at::empty_like(image);
  const std::int64_t size = image.size(1);
  for (std::int64_t y = 0; y < size; ++y)
    for (std::int64_t x = 0; x < size; ++x) {
      const std::int64_t sy = y + down, sx = x + right;
      const bool inside = sy >= 0 && sy < size && sx >= 0 && sx < size;
      result.data_ptr<float>()[y * size + x] = inside ? image.data_ptr<float>()[sy * size + sx] : outside;
    }
  return mirror ? at::flip(result, {2}) : result;
}

TEST(Augmentation, CropsThePaddedImageAtEveryOffsetAndMirrorsHalf) {
  const Preprocessing how = {{0.5}, {0.25}, 1, true};
  const std::int64_t count = 900;
  const at::Tensor image = noise(1, 1, 5), images = image.expand({count, 1, 5, 5}).contiguous();
  const at::Tensor plain = normalised(image, how)[0], result = augmented(images, range(std::size_t(count)), how, 2, 0);
  std::map<std::tuple<std::int64_t, std::int64_t, bool>, int> seen;
  for (std::int64_t i = 0; i < count; ++i) {
    bool found = false;
    for (std::int64_t down = -1; down <= 1; ++down)
      for (std::int64_t right = -1; right <= 1; ++right)
        for (bool mirror : {false, true})
          if (at::equal(result[i], shifted(plain, down, right, mirror, -2.0F))) {
            ++seen[{down, right, mirror}];
            found = true;
          }
    ASSERT_TRUE(found) << "image " << i << " is no crop of the padded image";
  }
  EXPECT_EQ(seen.size(), 18u);
  for (const auto& [what, times] : seen) EXPECT_NEAR(times, 50, 30);  // expected 50, standard deviation 7
}

TEST(Augmentation, AndOrderAreStreamsOfTheirOwn) {
  // What one stream gives does not depend on how much was drawn from the other.
  const Preprocessing how = {{0.5}, {0.25}, 2, true};
  const at::Tensor images = noise(10, 1, 8), before = augmented(images, range(10), how, 1, 0);
  epoch_order(1000, 1, 0);
  EXPECT_TRUE(at::equal(augmented(images, range(10), how, 1, 0), before));
  EXPECT_NE(stream_seed(1, "order", 0), stream_seed(1, "augment", 0));
}

TEST(Preprocessing, TakesTheStudysNumbersThenTheBackbonesThenItsOwn) {
  const auto settings = [](std::map<std::string, ParamValue> values) {
    return typed(Params(std::move(values)), data_schema());
  };
  const std::vector<double> none;
  const Params unsaid = settings({{"mean", none}, {"std", none}, {"crop", std::int64_t{2}}, {"flip", true}});
  const Preprocessing fallback = preprocessing(unsaid, {}, 3);
  EXPECT_EQ(fallback.mean, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(fallback.std, (std::vector<double>{0.25, 0.25, 0.25}));
  EXPECT_EQ(fallback.crop, 2);
  EXPECT_TRUE(fallback.flip);
  const InputCard card = {{0.1, 0.2, 0.3}, {0.4, 0.5, 0.6}};
  EXPECT_EQ(preprocessing(unsaid, card, 3).mean, card.mean);
  const Params said =
      settings({{"mean", std::vector{0.9}}, {"std", std::vector{0.8}}, {"crop", std::int64_t{0}}, {"flip", false}});
  EXPECT_EQ(preprocessing(said, card, 3).mean, (std::vector<double>{0.9, 0.9, 0.9}));
}

}  // namespace
}  // namespace cambium
