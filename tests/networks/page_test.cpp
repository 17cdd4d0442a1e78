#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <map>

#include "engine/train/optimizer.h"
#include "networks/oracle.h"
#include "protocol/settings.h"

namespace cambium::test {
namespace {

Model resnet18() { return Model(make("resnet18", {3, 64, 64}), 10); }

/// The course page's layer-wise rates, over a rate of 1e-3: layer1 and layer2 1e-4, layer3 2e-4, layer4 5e-4, the head
/// 1e-3, and what the page forgot, conv1 with bn1, 1e-4.
TransferPlan page_plan() {
  const std::vector<double> rates = {0.1, 0.1, 0.1, 0.2, 0.5};
  TransferPlan plan = uniform_plan(network_facts(resnet18().backbone(), 1), Weights::Source, {});
  for (std::size_t l = 0; l < rates.size(); ++l) plan.phases.front().layers[l].rate = rates[l];
  return plan;
}

TEST(CoursePage, CountsItsParameters) {
  const Model model = resnet18();
  TransferPlan extraction = page_plan();
  for (LayerPlan& layer : extraction.phases.front().layers) layer.trainable = Trainable::None;
  EXPECT_EQ(model.total_parameters(), 11181642);
  EXPECT_EQ(model.trainable_parameters(extraction), 5130);
  EXPECT_EQ(model.trainable_parameters(page_plan()), 11181642);
}

TEST(CoursePage, TrainsConv1AndBn1InExactlyOneGroup) {
  Model model = resnet18();
  const TransferPlan plan = page_plan();
  TransferPlan fresh = plan;
  fresh.weights.assign(plan.weights.size(), Weights::Fresh);
  model.initialise(fresh, nullptr, 1);
  model.begin_phase(plan.phases.front());
  const auto groups = model.groups(plan.phases.front(), 0);

  std::map<std::string, double> rates;  // a parameter's group's
  std::int64_t grouped = 0;
  for (const ParameterGroup& group : groups)
    for (const auto& [name, value] : group.parameters) {
      EXPECT_TRUE(rates.emplace(name, group.rate).second) << name << " is in two groups";
      grouped += value.numel();
    }
  EXPECT_EQ(grouped, 11181642);
  for (const char* name : {"conv1.weight", "bn1.weight", "bn1.bias"}) EXPECT_EQ(rates.at(name), 0.1) << name;
  EXPECT_EQ(rates.at("layer3.1.conv2.weight"), 0.2);
  EXPECT_EQ(rates.at("fc.bias"), 1);

  // One step of SGD at 1e-3, against w - rate x gradient, parameter by parameter.
  Optimizer optimizer(typed({}, train_schema()));
  optimizer.set_groups(groups);
  model.train();
  const at::Tensor labels = at::tensor({0, 3, 7, 9}).to(at::kLong);
  at::cross_entropy_loss(model.forward(at::randn({4, 3, 64, 64})), labels).backward();
  TensorMap expected;
  {
    at::NoGradGuard no_grad;
    for (const auto& [name, value] : model.state())
      if (value.requires_grad()) expected[name] = value.detach().sub(value.grad(), 1e-3 * rates.at(name));
  }
  const at::Tensor conv1 = model.state().at("conv1.weight").detach().clone();
  optimizer.step(1e-3);
  EXPECT_EQ(expected.size(), rates.size());
  for (const auto& [name, value] : expected) EXPECT_TRUE(model.state().at(name).allclose(value, 1e-6, 1e-9)) << name;
  EXPECT_FALSE(model.state().at("conv1.weight").equal(conv1));
}

}  // namespace
}  // namespace cambium::test
