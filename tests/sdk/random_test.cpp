#include "cambium/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cambium {
namespace {

TEST(RandomStream, IsTheSameOnEveryMachine) {
  // mt19937_64 seeded with the first 8 bytes of SHA-256("7|order|2"), worked out apart from this code.
  EXPECT_EQ(stream_seed(7, "order", 2), 3556491871428628515ull);
  std::mt19937_64 reference(3556491871428628515ull);
  RandomStream stream(7, "order", 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(stream.next(), reference());
}

TEST(RandomStream, DiffersBySeedNameAndIndex) {
  const auto first = RandomStream(1, "a", 0).next();
  EXPECT_NE(first, RandomStream(2, "a", 0).next());
  EXPECT_NE(first, RandomStream(1, "b", 0).next());
  EXPECT_NE(first, RandomStream(1, "a", 1).next());
}

TEST(RandomStream, UniformAndNormalHaveTheirMoments) {
  RandomStream stream(3, "moments");
  constexpr int kCount = 200000;
  double uniform = 0, normal = 0, square = 0, fourth = 0;
  for (int i = 0; i < kCount; ++i) {
    uniform += stream.uniform();
    const double z = stream.normal();
    normal += z;
    square += z * z;
    fourth += z * z * z * z;
  }
  // Five standard errors each: sd of U is 0.289, of z 1, of z^2 sqrt(2), of z^4 sqrt(96).
  const double root = std::sqrt(double(kCount));
  EXPECT_NEAR(uniform / kCount, 0.5, 5 * 0.289 / root);
  EXPECT_NEAR(normal / kCount, 0, 5 / root);
  EXPECT_NEAR(square / kCount, 1, 5 * std::sqrt(2) / root);
  EXPECT_NEAR(fourth / kCount, 3, 5 * std::sqrt(96) / root);
}

TEST(RandomStream, BelowIsEvenAndShuffleKeepsEverything) {
  RandomStream stream(3, "below");
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[stream.below(7)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(10000.0 * 6 / 7));
  std::vector<int> values(100);
  std::iota(values.begin(), values.end(), 0);
  const auto before = values;
  stream.shuffle(values);
  EXPECT_NE(values, before);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, before);
}

}  // namespace
}  // namespace cambium
