#include "engine/model/precision.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/randn.h>

#include "tiny.h"
#include "weights/torch/tensor_file.h"

namespace cambium {
namespace {

using namespace test;

Overrides in(const char* precision) { return {{"precision", std::string(precision)}}; }

std::vector<double> losses(const Bench& bench) {
  std::vector<double> all;
  for (const Json& metrics : bench.metrics())
    for (const char* name : {"train_loss", "test_loss"})
      if (metrics.contains(name)) all.push_back(metrics[name]);
  return all;
}

/// bf16 has 8 bits: a product is off by 1/256 at most, and a loss by about that.
TEST(Bf16, LearnsAsFp32DoesWithinItsRounding) {
  Bench full(in("fp32")), half(in("bf16"));
  full.run();
  half.run();
  const auto expected = losses(full), got = losses(half);
  ASSERT_EQ(expected.size(), 5u);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 0.03) << i;
  EXPECT_NE(got, expected);
}

TEST(Bf16, GivesTheSameBitsTwice) {
  Bench one(in("bf16")), two(in("bf16"));
  one.run();
  two.run();
  EXPECT_EQ(one.metrics(), two.metrics());
  EXPECT_EQ(hashes(read_weights(one.weights("last")).tensors), hashes(read_weights(two.weights("last")).tensors));
}

TEST(Bf16, KeepsWeightsInFp32) {
  Bench bench(in("bf16"));
  bench.run();
  for (const auto& [name, tensor] : read_weights(bench.weights("last")).tensors)
    EXPECT_TRUE(tensor.scalar_type() == at::kFloat || tensor.dim() == 0) << name;
}

/// A frozen prefix is kept in fp32, which holds what bf16 computed to the last bit.
TEST(Bf16, TakesAFrozenPrefixAsItWouldComputeIt) {
  const TransferPlan plan{{Weights::Fresh, Weights::Fresh, Weights::Fresh}, {{0, {frozen(), frozen(), {}}, {}}}, 0};
  Bench kept(in("bf16"), {}, plan);
  kept.run();
  Model model(std::make_unique<TinyBackbone>(), 3, Precision::Bf16);
  model.initialise(plan, nullptr, 1);
  model.begin_phase(plan.phases.front());
  model.eval();
  const at::Tensor x = at::randn({5, 1, 8, 8});
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(model.forward(model.features(x, 2), 2).equal(model.forward(x)));
  EXPECT_EQ(model.forward(x).scalar_type(), at::kFloat);
  EXPECT_FALSE(std::isnan(losses(kept).back()));
}

TEST(PrecisionGuard, EndsWithItself) {
  const at::Tensor x = at::randn({1, 2, 4, 4}), weight = at::randn({3, 2, 3, 3});
  {
    const PrecisionGuard guard(Precision::Bf16);
    EXPECT_EQ(at::conv2d(x, weight).scalar_type(), at::kBFloat16);
    const PrecisionGuard within(Precision::Fp32);
  }
  EXPECT_EQ(at::conv2d(x, weight).scalar_type(), at::kFloat);
  EXPECT_TRUE(at::autocast::is_autocast_cache_enabled());
}

}  // namespace
}  // namespace cambium
