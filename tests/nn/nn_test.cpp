#include "cambium/nn.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "cambium/error.h"

namespace cambium::nn {
namespace {

at::Tensor row(std::vector<float> values) { return at::tensor(values).unsqueeze(0); }

at::Tensor value_of(const Module& module, const std::string& name) {
  for (const NamedParameter& parameter : module.parameters())
    if (parameter.name == name) return parameter.value;
  ADD_FAILURE() << "there is no parameter " << name;
  return {};
}

Init init_of(const Module& module, const std::string& name) {
  for (const NamedParameter& parameter : module.parameters())
    if (parameter.name == name) return parameter.init;
  ADD_FAILURE() << "there is no parameter " << name;
  return {};
}

TEST(ReLU6, StopsAtSix) { EXPECT_TRUE(ReLU6().forward(row({-1, 0, 3, 6, 9})).equal(row({0, 0, 3, 6, 6}))); }

TEST(GELU, IsXTimesTheNormalDistribution) {
  for (const float x : {-3.0f, -0.5f, 0.0f, 1.0f, 2.5f})
    EXPECT_NEAR(GELU().forward(row({x})).item<float>(), x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))), 1e-6);
}

TEST(LayerNorm, HasMeanZeroAndVarianceOneBeforeScaleAndShift) {
  LayerNorm norm(4, 0);
  value_of(norm, "weight").fill_(2);
  value_of(norm, "bias").fill_(1);
  // 1, 2, 3, 4: mean 2.5, variance 1.25.
  const double s = std::sqrt(1.25);
  const at::Tensor y = norm.forward(row({1, 2, 3, 4}));
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(y[0][i].item<float>(), 2 * (i - 1.5) / s + 1, 1e-5);
  EXPECT_EQ(norm.parameters()[0].role, Role::Norm);
  EXPECT_EQ(norm.parameters()[1].role, Role::NormBias);
}

TEST(BatchNorm, RefusesToLearnFromOneValueAChannel) {
  BatchNorm norm(3);
  norm.train(true);
  for (const at::Tensor& one : {at::ones({1, 3}), at::ones({1, 3, 1, 1})}) EXPECT_THROW(norm.forward(one), Error);
  EXPECT_NO_THROW(norm.forward(at::randn({2, 3})));
  EXPECT_NO_THROW(norm.forward(at::randn({1, 3, 2, 1})));
  norm.train(false);
  EXPECT_NO_THROW(norm.forward(at::ones({1, 3})));
}

TEST(MultiheadAttention, IsTheFormulaWordForWord) {
  constexpr std::int64_t kTokens = 3, kWidth = 4, kHeads = 2, kEach = 2;
  MultiheadAttention attention(kWidth, kHeads);
  for (const NamedParameter& parameter : attention.parameters())
    at::Tensor(parameter.value).copy_(at::randn(parameter.value.sizes()));
  const at::Tensor x = at::randn({2, kTokens, kWidth});
  const at::Tensor in = value_of(attention, "in_proj_weight"), in_bias = value_of(attention, "in_proj_bias"),
                   out = value_of(attention, "out_proj.weight"), out_bias = value_of(attention, "out_proj.bias");
  const at::Tensor y = attention.forward(x);
  for (std::int64_t n = 0; n < 2; ++n) {
    // part 0: queries, 1: keys, 2: values.
    const auto projected = [&](std::int64_t part, std::int64_t token, std::int64_t c) {
      double sum = in_bias[part * kWidth + c].item<double>();
      for (std::int64_t i = 0; i < kWidth; ++i)
        sum += in[part * kWidth + c][i].item<double>() * x[n][token][i].item<double>();
      return sum;
    };
    for (std::int64_t t = 0; t < kTokens; ++t) {
      double mixed[kWidth] = {};
      for (std::int64_t h = 0; h < kHeads; ++h) {
        double weight[kTokens], total = 0;
        for (std::int64_t s = 0; s < kTokens; ++s) {
          double score = 0;
          for (std::int64_t c = h * kEach; c < (h + 1) * kEach; ++c) score += projected(0, t, c) * projected(1, s, c);
          total += weight[s] = std::exp(score / std::sqrt(double(kEach)));
        }
        for (std::int64_t s = 0; s < kTokens; ++s)
          for (std::int64_t c = h * kEach; c < (h + 1) * kEach; ++c) mixed[c] += weight[s] / total * projected(2, s, c);
      }
      for (std::int64_t c = 0; c < kWidth; ++c) {
        double expected = out_bias[c].item<double>();
        for (std::int64_t i = 0; i < kWidth; ++i) expected += out[c][i].item<double>() * mixed[i];
        EXPECT_NEAR(y[n][t][c].item<double>(), expected, 1e-4) << n << t << c;
      }
    }
  }
}

TEST(AdaptiveAveragePool, TakesWindowsAsEvenAsCanBe) {
  // 5 places to 2: 0 to 2 and 2 to 4. Values are 5 row + column.
  const at::Tensor x = at::arange(25).to(at::kFloat).reshape({1, 1, 5, 5});
  const at::Tensor y = AdaptiveAveragePool(2).forward(x);
  EXPECT_TRUE(y.equal(at::tensor({6.f, 8.f, 16.f, 18.f}).reshape({1, 1, 2, 2})));
  EXPECT_TRUE(AdaptiveAveragePool(5).forward(x).equal(x));
  EXPECT_EQ(AdaptiveAveragePool(7).forward(x).sizes(), at::IntArrayRef({1, 1, 7, 7}));
}

TEST(MaxPool2d, WithCeilCountsTheWindowThatHangsOver) {
  const at::Tensor x = at::arange(16).to(at::kFloat).reshape({1, 1, 4, 4});
  EXPECT_TRUE(MaxPool2d(3, 2).forward(x).equal(at::tensor({10.f}).reshape({1, 1, 1, 1})));
  EXPECT_TRUE(MaxPool2d(3, 2, 0, true).forward(x).equal(at::tensor({10.f, 11.f, 14.f, 15.f}).reshape({1, 1, 2, 2})));
}

TEST(Conv2d, WithAsManyGroupsAsChannelsIsDepthwise) {
  Conv2d conv(2, 2, {.kernel = 1, .groups = 2, .bias = false});
  value_of(conv, "weight").copy_(at::tensor({2.f, -3.f}).reshape({2, 1, 1, 1}));
  const at::Tensor y = conv.forward(at::ones({1, 2, 1, 1}));
  EXPECT_TRUE(y.flatten().equal(at::tensor({2.f, -3.f})));
}

TEST(Inits, HaveTheirPapersScales) {
  const ConvOptions options{.kernel = 3, .groups = 4};
  EXPECT_EQ(options.fan_in(8), 18);
  EXPECT_EQ(options.fan_out(16), 144);
  EXPECT_DOUBLE_EQ(Init::he_uniform(6).scale, 1);
  EXPECT_DOUBLE_EQ(Init::glorot_uniform(2, 4).scale, 1);
  EXPECT_DOUBLE_EQ(init_of(Conv2d(8, 16, options), "weight").scale, 1.0 / 3);
  const ConvOptions given{.weight_init = Init::normal(0.5), .bias_init = Init::constant(2)};
  EXPECT_EQ(init_of(Conv2d(8, 16, given), "weight").scale, 0.5);
  EXPECT_EQ(init_of(Conv2d(8, 16, given), "bias").scale, 2);
  const Linear linear(3, 4, Init::normal(0.25), Init::constant(1));
  EXPECT_EQ(init_of(linear, "weight").kind, Init::Kind::Normal);
  EXPECT_EQ(init_of(linear, "bias").scale, 1);
  EXPECT_DOUBLE_EQ(init_of(MultiheadAttention(6, 2), "in_proj_weight").scale, 0.5);
}

TEST(OperationCount, CountsEachTokensMultiplications) {
  const at::Tensor x = at::ones({2, 5, 4});
  {
    const OperationCount operations;
    Linear(4, 3).forward(x);
    EXPECT_EQ(operations.count(), 5 * 12);
  }
  const OperationCount operations;
  MultiheadAttention(4, 2).forward(x);
  EXPECT_EQ(operations.count(), 5 * 48 + 2 * 25 * 4 + 5 * 16);
}

/// Maps with their channels last, as the runner lays them out, in which many places of a window are equal.
at::Tensor rough_maps(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return at::randint(-3, 3, {3, channels, height, width}, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(MaxPool2d, IsAtensToTheLastBitGradientsToo) {
  struct {
    std::int64_t kernel, stride, padding;
    bool ceil;
  } const kinds[] = {{2, 2, 0, false}, {3, 2, 1, false}, {3, 2, 0, true}, {2, 2, 1, true}, {3, 1, 1, false}};
  for (const std::int64_t channels : {2, 6, 16})
    for (const auto& [kernel, stride, padding, ceil] : kinds) {
      const at::Tensor x = rough_maps(channels, 9, 12);
      x[0][1][4][5] = std::nanf("");
      x[1].fill_(-INFINITY);
      at::Tensor mine = x.clone().requires_grad_(), theirs = x.clone().requires_grad_();
      MaxPool2d pool(kernel, stride, padding, ceil);
      const at::Tensor expected =
          at::max_pool2d(theirs, {kernel, kernel}, {stride, stride}, {padding, padding}, {1, 1}, ceil);
      const at::Tensor y = pool.forward(mine);
      EXPECT_TRUE(at::allclose(y, expected, 0, 0, true)) << channels << " channels, kernel " << kernel;
      {
        const at::NoGradGuard no_grad;
        EXPECT_TRUE(at::allclose(pool.forward(x), expected, 0, 0, true)) << channels << " channels, kernel " << kernel;
      }
      const at::Tensor gradient = at::randn(y.sizes());
      y.backward(gradient);
      expected.backward(gradient);
      EXPECT_TRUE(mine.grad().equal(theirs.grad())) << channels << " channels, kernel " << kernel;
    }
}

TEST(Sequential, PoolsBeforeItActivatesAndGivesTheSame) {
  Sequential steps;
  steps.add<BatchNorm>("norm", 6).add<ReLU>("relu").add<MaxPool2d>("pool", 2).add<ReLU6>("relu6");
  BatchNorm norm(6);
  for (Module* module : {static_cast<Module*>(&steps), static_cast<Module*>(&norm)})
    for (const NamedParameter& parameter : module->parameters()) {
      at::Tensor(parameter.value).fill_(parameter.role == Role::Norm ? 3 : 0.5);
      parameter.value.requires_grad_();
    }
  at::Tensor mine = rough_maps(6, 8, 8).requires_grad_(), theirs = mine.detach().clone().requires_grad_();
  const at::Tensor y = steps.forward(mine);
  const at::Tensor expected = at::hardtanh(at::max_pool2d(at::relu(norm.forward(theirs)), {2, 2}, {2, 2}), 0, 6);
  EXPECT_TRUE(y.equal(expected));
  const at::Tensor gradient = at::randn(y.sizes());
  y.backward(gradient);
  expected.backward(gradient);
  EXPECT_TRUE(mine.grad().equal(theirs.grad()));
}

TEST(Sequential, LeavesWhatItIsGivenAsItWas) {
  Sequential steps;
  steps.add<ReLU>("first").add<Dropout>("nothing", 0.5).add<ReLU>("second");
  steps.train(false);
  const at::Tensor x = row({-1, 2}), before = x.clone();
  EXPECT_TRUE(steps.forward(x).equal(row({0, 2})));
  EXPECT_TRUE(x.equal(before));
}

}  // namespace
}  // namespace cambium::nn
