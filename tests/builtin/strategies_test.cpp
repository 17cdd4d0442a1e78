#include "builtin.h"

namespace cambium::test {
namespace {

TransferPlan plan_of(const std::string& name, const Values& values = {}) {
  return plugins().make_strategy({name, Params(values)})->plan({{{"conv1", 10}, {"conv2", 20}, {"fc3", 30}}, 5});
}

/// All three layers alike, in one phase, under a head that learns at the study's rate.
TransferPlan alike(Weights weights, LayerPlan layer) {
  TransferPlan plan;
  plan.weights = {weights, weights, weights};
  plan.phases = {{0, {layer, layer, layer}, LayerPlan{}}};
  return plan;
}

TEST(FeatureExtraction, FreezesEverySourceLayerInEvalMode) {
  const TransferPlan plan = plan_of("feature_extraction");
  EXPECT_EQ(plan, alike(Weights::Source, {Trainable::None, 1, {}, FrozenMode::Eval}));
  EXPECT_TRUE(plan.phases[0].layers[0].frozen());
  EXPECT_FALSE(plan.phases[0].head.frozen());
}

TEST(FullFinetuning, LearnsEveryTransferredLayer) {
  EXPECT_EQ(plan_of("full_finetuning"), alike(Weights::Source, {Trainable::All, 1, {}, FrozenMode::Eval}));
}

TEST(FullFinetuning, BackboneRateLeavesTheHeadAtTheStudysRate) {
  const TransferPlan plan = plan_of("full_finetuning", {{"backbone_rate", 0.1}});
  EXPECT_EQ(plan, alike(Weights::Source, {Trainable::All, 0.1, {}, FrozenMode::Eval}));
  EXPECT_EQ(plan.phases[0].head.rate, 1);
}

TEST(FromScratch, TakesNothingFromASource) {
  const TransferPlan plan = plan_of("from_scratch");
  EXPECT_EQ(plan, alike(Weights::Fresh, {Trainable::All, 1, {}, FrozenMode::Eval}));
  EXPECT_FALSE(plan.needs_source());
  EXPECT_TRUE(plan_of("feature_extraction").needs_source());
}

TEST(Evaluation, TakesTheHeadTooAndLearnsNothing) {
  const auto strategy = plugins().make_strategy({"evaluation", Params()});
  NetworkFacts facts{{{"conv1", 10}, {"conv2", 20}, {"fc3", 30}}, 0};
  TransferPlan expected = alike(Weights::Source, {Trainable::None, 1, {}, FrozenMode::Eval});
  expected.head = Weights::Source;
  expected.phases[0].head.trainable = Trainable::None;
  EXPECT_EQ(strategy->plan(facts), expected);
  facts.epochs = 3;
  const Error error = error_of([&] { strategy->plan(facts); });
  EXPECT_NE(error.message().find("train.epochs is 3"), std::string::npos);
  EXPECT_NE(error.hint().find("train.epochs = 0"), std::string::npos);
}

TEST(BuiltIn, EveryPluginLoadsAndDocumentsItsParameters) {
  EXPECT_TRUE(plugins().problems().empty());
  std::vector<std::string> names;
  for (const PluginInfo& plugin : plugins().describe().plugins) {
    names.push_back(plugin.name);
    EXPECT_EQ(plugin.version, "1");
    EXPECT_FALSE(plugin.doc.empty()) << plugin.name;
    for (const Parameter& parameter : plugin.schema.parameters()) {
      EXPECT_FALSE(parameter.doc.empty()) << plugin.name << " " << parameter.name;
      EXPECT_EQ(parameter.doc.find('\n'), std::string::npos);
    }
  }
  for (const char* name :
       {"mlp", "lenet5", "cnn7", "idx", "cifar", "shapes", "feature_extraction", "full_finetuning", "from_scratch"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

}  // namespace
}  // namespace cambium::test
