#include "engine/train/optimizer.h"

#include <gtest/gtest.h>
#include <torch/torch.h>  // the independent reference; nothing else in Cambium includes this

#include "engine/train/schedule.h"
#include "protocol/messages.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

using Values = std::map<std::string, ParamValue>;

Params settings(Values values) { return typed(Params(std::move(values)), train_schema()); }

/// Two groups of one parameter each: its own rate and decay for the second.
struct Pair {
  at::Tensor a = torch::arange(12, torch::kFloat).reshape({3, 4}) / 7 - 0.5;
  at::Tensor b = torch::arange(5, torch::kFloat) / 3 - 1;
  std::vector<ParameterGroup> groups(double decay) const { return {{{{"a", a}}, 1, decay}, {{{"b", b}}, 0.1, 0}}; }
};

/// Gradients that differ from step to step and depend on the value, as a loss's do.
at::Tensor gradient(const at::Tensor& value, int step) {
  return (value.detach() * 1.7 + std::sin(step + 1.0)).cos() * (step % 3 == 2 ? 5 : 1);
}

template <class Reference>
void expect_as(Optimizer optimizer, double decay, Reference make_reference) {
  Pair mine, theirs;
  optimizer.set_groups(mine.groups(decay));
  theirs.a.requires_grad_();
  theirs.b.requires_grad_();
  auto reference = make_reference(theirs);
  for (int step = 0; step < 25; ++step) {
    for (auto* pair : {&mine, &theirs})
      for (at::Tensor* value : {&pair->a, &pair->b}) value->mutable_grad() = gradient(*value, step);
    optimizer.step(0.03);
    reference->step();
    // A multiplication and an addition are rounded once or twice.
    ASSERT_TRUE(at::allclose(mine.a, theirs.a, 2e-6, 2e-6)) << "step " << step << "\n" << mine.a - theirs.a;
    ASSERT_TRUE(at::allclose(mine.b, theirs.b, 2e-6, 2e-6)) << "step " << step << "\n" << mine.b - theirs.b;
  }
}

template <class Kind, class Options>
auto reference_of(Options options, double decay) {
  return [=](Pair& pair) {
    auto of_a = options, of_b = options;
    of_a.weight_decay(decay);
    of_b.lr(0.003).weight_decay(0);
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(std::vector<at::Tensor>{pair.a}, std::make_unique<Options>(of_a));
    groups.emplace_back(std::vector<at::Tensor>{pair.b}, std::make_unique<Options>(of_b));
    return std::make_unique<Kind>(groups, of_a);
  };
}

TEST(Sgd, IsTorchs) {
  for (double momentum : {0.0, 0.9})
    for (double decay : {0.0, 0.01})
      expect_as(Optimizer(settings({{"momentum", momentum}})), decay, [=](Pair& pair) mutable {
        return reference_of<torch::optim::SGD>(torch::optim::SGDOptions(0.03).momentum(momentum), decay)(pair);
      });
}

TEST(Sgd, IsTorchsWithNesterov) {
  expect_as(Optimizer(settings({{"momentum", 0.8}, {"nesterov", true}})), 0.02, [](Pair& pair) {
    return reference_of<torch::optim::SGD>(torch::optim::SGDOptions(0.03).momentum(0.8).nesterov(true), 0.02)(pair);
  });
}

TEST(Adam, IsTorchs) {
  for (double decay : {0.0, 0.01})
    expect_as(
        Optimizer(settings({{"optimizer", std::string("adam")}, {"beta1", 0.85}, {"beta2", 0.98}, {"eps", 1e-6}})),
        decay, [=](Pair& pair) {
          return reference_of<torch::optim::Adam>(torch::optim::AdamOptions(0.03).betas({0.85, 0.98}).eps(1e-6),
                                                  decay)(pair);
        });
}

TEST(AdamW, IsTorchs) {
  expect_as(Optimizer(settings({{"optimizer", std::string("adamw")}})), 0.05,
            [](Pair& pair) { return reference_of<torch::optim::AdamW>(torch::optim::AdamWOptions(0.03), 0.05)(pair); });
}

/// torch 1.13: 20 steps of SGD(momentum=0.9) and of Adam under OneCycleLR(max_lr=0.03, total_steps=20), with the
/// gradient cos(1.7 value + sin(step)), steps from 1.
TEST(OneCycle, TakesTheOptimizerWhereTorchsGoes) {
  const std::map<std::string, std::vector<float>> theirs = {
      {"sgd", {-1.0157700777053833f, -0.7337779998779297f, 1.3944298028945923f, 2.7920138835906982f}},
      {"adam", {-0.656934380531311f, -0.01176878809928894f, 1.0432618856430054f, 2.2499921321868896f}}};
  for (const auto& [kind, expected] : theirs) {
    Values values = {{"optimizer", kind}, {"schedule", std::string("one_cycle")}, {"epochs", std::int64_t{4}}};
    if (kind == "sgd") values["momentum"] = 0.9;
    const Schedule schedule(settings(values), 5);
    Optimizer optimizer(settings(values));
    at::Tensor value = torch::tensor({-0.5f, 0.25f, 1.0f, 2.0f});
    optimizer.set_groups({{{{"value", value}}, 1, 0}});
    for (int step = 0; step < 20; ++step) {
      value.mutable_grad() = (value.detach() * 1.7 + std::sin(step + 1.0)).cos();
      optimizer.step(0.03, schedule.factor(step), schedule.momentum(step));
    }
    for (std::int64_t i = 0; i < 4; ++i) EXPECT_NEAR(value[i].item<float>(), expected[std::size_t(i)], 1e-5) << kind;
  }
}

TEST(Sgd, DoesTheOneStepOfTheCoursePage) {
  at::Tensor w = torch::full({1}, 0.523);
  w.mutable_grad() = torch::full({1}, 0.015);
  Optimizer optimizer(settings({}));
  optimizer.set_groups({{{{"w", w}}, 1, 0}});
  optimizer.step(0.0001);
  EXPECT_NEAR(w.item<double>(), 0.5229985, 3e-8);  // float32 near 0.5 is 6e-8 fine
}

/// A parameter that freezes and learns again, written out by hand: the momentum begins anew, and while frozen nothing
/// moves.
TEST(Unfreezing, FollowsTheHandWrittenTrajectory) {
  const double rate = 0.1, momentum = 0.9, decay = 0.01;
  at::Tensor a = torch::full({1}, 1.0, torch::kDouble), b = torch::full({1}, 2.0, torch::kDouble);
  Optimizer optimizer(settings({{"momentum", momentum}}));
  double x = 1, y = 2, vx = 0, vy = 0;
  const auto both = [&] { return std::vector<ParameterGroup>{{{{"a", a}, {"b", b}}, 1, decay}}; };
  const auto only_a = [&] { return std::vector<ParameterGroup>{{{{"a", a}}, 1, decay}}; };
  optimizer.set_groups(only_a());
  for (int step = 0; step < 12; ++step) {
    const bool b_learns = (step >= 3 && step < 6) || step >= 8;
    if (step == 3 || step == 8) {
      optimizer.set_groups(both());
      vy = 0;
    }
    if (step == 6) optimizer.set_groups(only_a());
    a.mutable_grad() = torch::full({1}, 0.5 + step, torch::kDouble);
    b.mutable_grad() =
        torch::full({1}, 1.5 - step, torch::kDouble);  // there even while b is frozen: it must not be used
    optimizer.step(rate);
    vx = momentum * vx + (0.5 + step) + decay * x;
    x -= rate * vx;
    if (b_learns) {
      vy = momentum * vy + (1.5 - step) + decay * y;
      y -= rate * vy;
    }
    ASSERT_NEAR(a.item<double>(), x, 1e-12) << step;
    ASSERT_NEAR(b.item<double>(), y, 1e-12) << step;
  }
}

TEST(Unfreezing, BeginsAdamsStepCountAnew) {
  at::Tensor a = torch::full({1}, 1.0);
  Optimizer optimizer(settings({{"optimizer", std::string("adam")}}));
  const std::vector<ParameterGroup> groups = {{{{"a", a}}, 1, 0}};
  const auto step = [&] {
    a.mutable_grad() = torch::full({1}, 3.0);
    const double before = a.item<double>();
    optimizer.step(0.1);
    return before - a.item<double>();
  };
  optimizer.set_groups(groups);
  EXPECT_NEAR(step(), 0.1, 1e-6);  // Adam's first step is the rate itself
  for (int i = 0; i < 5; ++i) step();
  optimizer.set_groups({});
  optimizer.set_groups(groups);
  EXPECT_NEAR(step(), 0.1, 1e-6);
}

/// As a convolution's weights lie, whose gradients and reloaded moments may lie otherwise.
TEST(Layout, ChangesNoBit) {
  for (const char* kind : {"sgd", "adam"}) {
    Values values = {{"optimizer", std::string(kind)}};
    if (values["optimizer"] == ParamValue(std::string("sgd"))) values["momentum"] = 0.9;
    const auto run = [&](at::MemoryFormat format) {
      at::Tensor value = (torch::arange(120, torch::kFloat) / 50 - 1).reshape({4, 5, 3, 2}).contiguous(format);
      Optimizer optimizer(settings(values));
      for (int step = 0; step < 6; ++step) {
        if (step == 3) {
          TensorMap state;
          for (const auto& [name, tensor] : optimizer.state()) state[name] = tensor.contiguous();
          optimizer.load_state(state);
        }
        optimizer.set_groups({{{{"value", value}}, 1, 0.01}});
        value.mutable_grad() = step % 2 ? gradient(value, step) : gradient(value, step).contiguous();
        optimizer.step(0.03);
      }
      return value;
    };
    EXPECT_TRUE(at::equal(run(at::MemoryFormat::Contiguous), run(at::MemoryFormat::ChannelsLast))) << kind;
  }
}

TEST(Groups, HoldAParameterOnce) {
  Pair pair;
  Optimizer optimizer(settings({}));
  EXPECT_THROW(optimizer.set_groups({{{{"a", pair.a}}, 1, 0}, {{{"also a", pair.a}}, 1, 0}}), std::logic_error);
}

TEST(State, GoesOnWhereItWas) {
  for (const char* kind : {"sgd", "adam", "adamw"}) {
    Values values = {{"optimizer", std::string(kind)}};
    if (values["optimizer"] == ParamValue(std::string("sgd"))) values["momentum"] = 0.9;
    const auto run = [&](int stop) {
      Pair pair;
      Optimizer optimizer(settings(values));
      optimizer.set_groups(pair.groups(0.01));
      for (int step = 0; step < 10; ++step) {
        if (step == stop) {
          Optimizer other(settings(values));
          other.load_state(optimizer.state());
          other.set_groups(pair.groups(0.01));
          optimizer = other;
        }
        for (at::Tensor* value : {&pair.a, &pair.b}) value->mutable_grad() = gradient(*value, step);
        optimizer.step(0.03);
      }
      return pair.a;
    };
    EXPECT_TRUE(at::equal(run(-1), run(4))) << kind;
  }
}

}  // namespace
}  // namespace cambium
