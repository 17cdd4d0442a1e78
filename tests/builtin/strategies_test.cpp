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

/// The first `cut` layers in one way, the rest in another.
TransferPlan cut_at(std::size_t cut, Weights weights, LayerPlan below, Weights above = Weights::Fresh) {
  TransferPlan plan = alike(above, {});
  for (std::size_t l = 0; l < cut; ++l) {
    plan.weights[l] = weights;
    plan.phases[0].layers[l] = below;
  }
  return plan;
}
const LayerPlan kFrozen = {.trainable = Trainable::None};

TEST(PartialFinetuning, GivesTheArmsOfYosinski2014) {
  const auto arm = [](std::int64_t cut, bool frozen) {
    return plan_of("partial_finetuning", {{"cut", cut}, {"frozen", frozen}});
  };
  EXPECT_EQ(arm(1, true), cut_at(1, Weights::Source, kFrozen));  // AnB, BnB
  EXPECT_EQ(arm(2, false), cut_at(2, Weights::Source, {}));      // AnB+, BnB+
  EXPECT_EQ(arm(3, true), cut_at(3, Weights::Source, kFrozen));  // only the head is new
  const TransferPlan control =
      plan_of("partial_finetuning", {{"cut", std::int64_t{2}}, {"weights", std::string("random")}});
  EXPECT_EQ(control, cut_at(2, Weights::Fresh, kFrozen));
  EXPECT_FALSE(control.needs_source());
}

TEST(PartialFinetuning, FreezesTheBottomOfASourceThatIsTakenWhole) {
  const TransferPlan plan = plan_of("partial_finetuning", {{"cut", std::int64_t{1}}, {"above", std::string("source")}});
  EXPECT_EQ(plan, cut_at(1, Weights::Source, kFrozen, Weights::Source));
}

TEST(PartialFinetuning, TellsHowFrozenAndLearningLayersRun) {
  EXPECT_EQ(plan_of("partial_finetuning", {{"cut", std::int64_t{2}}, {"frozen_mode", std::string("train")}}),
            cut_at(2, Weights::Source, {.trainable = Trainable::None, .frozen_mode = FrozenMode::Train}));
  EXPECT_EQ(plan_of("partial_finetuning", {{"cut", std::int64_t{2}}, {"frozen", false}, {"rate", 0.1}}),
            cut_at(2, Weights::Source, {.rate = 0.1}));
}

TEST(PartialFinetuning, NamesTheLayersThereAreToACutPastThem) {
  const Error error = error_of([] { plan_of("partial_finetuning", {{"cut", std::int64_t{4}}}); });
  EXPECT_EQ(error.message(), "cut 4 is past the last of the backbone's 3 layers");
  EXPECT_EQ(error.hint(), "the layers are conv1, conv2, fc3: a cut lies between 1 and 3");
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
  for (const char* name : {"mlp", "lenet5", "cnn7", "idx", "cifar", "shapes", "feature_extraction", "full_finetuning",
                           "from_scratch", "partial_finetuning"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

}  // namespace
}  // namespace cambium::test
