#include <algorithm>
#include <cstdlib>
#include <set>

#include "builtin.h"
#include "cambium/files.h"

namespace cambium::test {
namespace {

std::unique_ptr<Dataset> shapes(Values values) {
  values.emplace("train_per_class", std::int64_t(20));
  values.emplace("test_per_class", std::int64_t(5));
  return make_dataset("shapes", values);
}

Values family_b(double distance) { return {{"family", std::string("b")}, {"distance", distance}}; }

std::string pixels_hash(const Dataset& data) {
  Sha256 hash;
  hash.add(bytes_of(all_images(data, Split::Train))).add(bytes_of(all_images(data, Split::Test)));
  return hash.hex();
}

double brightness(const Dataset& data) { return all_images(data, Split::Train).to(at::kFloat).mean().item<double>(); }

/// The mean difference between pixels beside each other: sharp stripes have more of it than soft blotches.
double roughness(const Dataset& data) {
  const auto pixels = bytes_of(all_images(data, Split::Train));
  double sum = 0;
  for (std::size_t i = 1; i < pixels.size(); ++i)
    if (i % 32 != 0) sum += std::abs(int(pixels[i]) - int(pixels[i - 1]));
  return sum / (double(pixels.size()) / 32 * 31);
}

TEST(Shapes, AreTheSameBytesOnEveryMachine) {
  EXPECT_EQ(pixels_hash(*shapes({})), "8fdb027ccd69909c8d034df332c93f4882a12b1f95d821337fd01c538f27b450");
  EXPECT_EQ(pixels_hash(*shapes(family_b(0.5))), "e74d5e98ddaf1598f3703c7ec0955870ed817024f9a54d9d5c0bc4278e0be6a3");
}

TEST(Shapes, HaveEqualNumbersOfEachClass) {
  const auto data = shapes({});
  EXPECT_EQ(data->info().shape, (ImageShape{3, 32, 32}));
  EXPECT_TRUE(data->info().files.empty());
  EXPECT_EQ(class_counts(*data, Split::Train), std::vector<std::int64_t>(8, 20));
  EXPECT_EQ(class_counts(*data, Split::Test), std::vector<std::int64_t>(8, 5));
}

TEST(Shapes, FamiliesShareNoClass) {
  const auto a = shapes({}), b = shapes({{"family", std::string("b")}});
  std::set<std::string> names(a->info().classes.begin(), a->info().classes.end());
  names.insert(b->info().classes.begin(), b->info().classes.end());
  EXPECT_EQ(names.size(), a->info().classes.size() + b->info().classes.size());
}

TEST(Shapes, DistanceMovesTheLookOfFamilyBAwayFromA) {
  const auto a = shapes({}), near = shapes(family_b(0)), half = shapes(family_b(0.5)), far = shapes(family_b(1));
  EXPECT_NEAR(brightness(*near), brightness(*a), 5);
  EXPECT_NEAR(brightness(*half), (brightness(*near) + brightness(*far)) / 2, 10);
  EXPECT_GT(brightness(*far), brightness(*near) + 40);
  EXPECT_NEAR(roughness(*near), roughness(*a), 1);
  EXPECT_GT(roughness(*far), roughness(*near) + 3);
}

TEST(Shapes, DistanceIsNothingToFamilyA) {
  const auto near = shapes({{"distance", 0.0}}), far = shapes({{"distance", 1.0}});
  EXPECT_EQ(pixels_hash(*near), pixels_hash(*far));
  EXPECT_EQ(near->info().fingerprint, far->info().fingerprint);
}

TEST(Shapes, TheFingerprintFollowsEveryParameter) {
  std::set<std::string> fingerprints;
  for (const Values& values : std::vector<Values>{{},
                                                  {{"seed", std::int64_t(1)}},
                                                  {{"train_per_class", std::int64_t(21)}},
                                                  {{"test_per_class", std::int64_t(6)}},
                                                  family_b(0),
                                                  family_b(0.25)})
    fingerprints.insert(shapes(values)->info().fingerprint);
  EXPECT_EQ(fingerprints.size(), 6u);
  EXPECT_EQ(shapes({})->info().fingerprint, shapes({})->info().fingerprint);
  EXPECT_NE(pixels_hash(*shapes({})), pixels_hash(*shapes({{"seed", std::int64_t(1)}})));
}

TEST(Shapes, ALargerSetBeginsWithTheSmallerOne) {
  const auto small = bytes_of(all_images(*shapes({}), Split::Train));
  const auto large = bytes_of(all_images(*shapes({{"train_per_class", std::int64_t(30)}}), Split::Train));
  ASSERT_EQ(large.size(), small.size() / 20 * 30);
  EXPECT_TRUE(std::equal(small.begin(), small.end(), large.begin()));
}

TEST(Shapes, NoImageIsInTrainingAndTestAlike) {
  const auto data = shapes({});
  std::set<std::string> images;
  for (const Split split : {Split::Train, Split::Test}) {
    const at::Tensor all = all_images(*data, split);
    for (std::int64_t i = 0; i < all.size(0); ++i) images.insert(Sha256().add(bytes_of(all[i])).hex());
  }
  EXPECT_EQ(images.size(), 8u * 25);
}

}  // namespace
}  // namespace cambium::test
