#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "protocol/messages.h"

namespace cambium {
namespace {

TEST(TransferPlanJson, ComesBackWhole) {
  TransferPlan plan;
  plan.weights = {Weights::Source, Weights::Fresh, Weights::Statistics};
  plan.head = Weights::Source;
  plan.source_share = 0.25;
  const LayerPlan norms{
      .trainable = Trainable::Norm, .rate = 0.5, .weight_decay = 0.1, .frozen_mode = FrozenMode::Train};
  plan.phases = {{0, {norms, {}, {}}, {.trainable = Trainable::None}}, {3, {{}, {}, norms}, {.rate = 2}}};
  EXPECT_EQ(Json::parse(Json(plan).dump()).get<TransferPlan>(), plan);
}

}  // namespace
}  // namespace cambium
